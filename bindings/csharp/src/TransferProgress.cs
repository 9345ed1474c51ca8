// How far an operation is.
namespace Sigdelta
{
    /// <summary>
    /// How far an operation is. Reported about every 256 KiB. A call that reads two files one after the other
    /// counts each by itself: the functions on paths report both, those on streams the second only.
    /// </summary>
    public struct TransferProgress
    {
        internal TransferProgress(long inBytes, long outBytes)
        {
            InBytes = inBytes;
            OutBytes = outBytes;
        }

        /// <summary>
        /// Bytes read: of the basis for a signature, of the new file for a delta, of the delta for a patch.
        /// </summary>
        public long InBytes { get; }

        /// <summary>Bytes written.</summary>
        public long OutBytes { get; }
    }
}
