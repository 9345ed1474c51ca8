// How far an operation is.
namespace Sigdelta
{
    /// <summary>What an operation is at.</summary>
    public enum TransferPhase
    {
        /// <summary>Reads a basis to describe it.</summary>
        Signature = 1,
        /// <summary>Reads a signature.</summary>
        Load = 2,
        /// <summary>Reads a new file and writes its delta.</summary>
        Delta = 3,
        /// <summary>Reads a delta and writes its result.</summary>
        Apply = 4,
    }

    /// <summary>
    /// How far an operation is. Reported about every 256 KiB, and at the end of each phase. Each phase counts by itself.
    /// </summary>
    public struct TransferProgress
    {
        internal TransferProgress(TransferPhase phase, long inBytes, long? totalInBytes, long outBytes)
        {
            Phase = phase;
            InBytes = inBytes;
            TotalInBytes = totalInBytes;
            OutBytes = outBytes;
        }

        internal unsafe TransferProgress(NativeProgressReport* native)
        {
            Phase = (TransferPhase)native->Phase;
            InBytes = (long)native->InBytes;
            TotalInBytes = native->InTotal <= long.MaxValue ? (long?)native->InTotal : null;
            OutBytes = (long)native->OutBytes;
        }

        /// <summary>
        /// What the operation is at. <c>Delta.Compute</c> loads a signature first, <c>Delta.Diff</c> makes one.
        /// </summary>
        public TransferPhase Phase { get; }

        /// <summary>Bytes read in this phase.</summary>
        public long InBytes { get; }

        /// <summary>Bytes there are to read in this phase, or null if that is not known.</summary>
        public long? TotalInBytes { get; }

        /// <summary>Bytes made in this phase: of the signature, the delta or the result.</summary>
        public long OutBytes { get; }

        /// <summary>As "Delta: 262144 of 1000000 bytes read, 300 written".</summary>
        public override string ToString()
        {
            return Phase + ": " + InBytes + (TotalInBytes == null ? "" : " of " + TotalInBytes)
                + " bytes read, " + OutBytes + " written";
        }
    }
}
