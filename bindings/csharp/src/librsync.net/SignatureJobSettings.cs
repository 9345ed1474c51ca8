// The parameters of a signature, as librsync.net takes them.
namespace librsync.net
{
    /// <summary>
    /// What signature is made. A field that is 0 has the value of <see
    /// cref="Librsync.ComputeSignature(System.IO.Stream)"/>.
    /// </summary>
    public struct SignatureJobSettings
    {
        /// <summary>The kind of signature.</summary>
        public MagicNumber MagicNumber;
        /// <summary>Bytes per block.</summary>
        public int BlockLength;
        /// <summary>Bytes of each strong sum: at most 32 of BLAKE2b, 16 of MD4.</summary>
        public int StrongSumLength;
    }
}
