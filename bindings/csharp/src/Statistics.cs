// What an operation did, in numbers.
using System;

namespace Sigdelta
{
    /// <summary>What an operation did. Numbers that do not apply to it are 0.</summary>
    public sealed class Statistics
    {
        internal Statistics(NativeStatistics native)
        {
            InBytes = (long)native.InBytes;
            OutBytes = (long)native.OutBytes;
            Blocks = (long)native.Blocks;
            BlockLength = (long)native.BlockLength;
            LiteralCommands = (long)native.LiteralCommands;
            LiteralBytes = (long)native.LiteralBytes;
            LiteralCommandBytes = (long)native.LiteralCommandBytes;
            CopyCommands = (long)native.CopyCommands;
            CopyBytes = (long)native.CopyBytes;
            CopyCommandBytes = (long)native.CopyCommandBytes;
            Searches = (long)native.Searches;
            Matches = (long)native.Matches;
            HasTrailer = native.HasTrailer != 0;
            Verified = native.Verified != 0;
            AlignedPieces = (long)native.AlignedPieces;
            AlignedBytes = (long)native.AlignedBytes;
        }

        /// <summary>
        /// Bytes read: of the basis for a signature, of the new file for a delta, of the delta for a patch.
        /// </summary>
        public long InBytes { get; }
        /// <summary>Bytes written.</summary>
        public long OutBytes { get; }
        /// <summary>Blocks of the signature.</summary>
        public long Blocks { get; }
        /// <summary>Bytes per block of the signature.</summary>
        public long BlockLength { get; }
        /// <summary>Commands with literal data in the delta.</summary>
        public long LiteralCommands { get; }
        /// <summary>Bytes of literal data; of a layered patch, bytes that lie along nothing.</summary>
        public long LiteralBytes { get; }
        /// <summary>Bytes of the commands with literal data, without the data.</summary>
        public long LiteralCommandBytes { get; }
        /// <summary>Commands that copy from the basis.</summary>
        public long CopyCommands { get; }
        /// <summary>Bytes copied from the basis.</summary>
        public long CopyBytes { get; }
        /// <summary>Bytes of the commands that copy.</summary>
        public long CopyCommandBytes { get; }
        /// <summary>Windows of the new file that were looked up.</summary>
        public long Searches { get; }
        /// <summary>Windows that are blocks of the basis.</summary>
        public long Matches { get; }
        /// <summary>Whether the delta that was applied has a trailer.</summary>
        public bool HasTrailer { get; }
        /// <summary>Whether the result of a patch was found to be the right one.</summary>
        public bool Verified { get; }
        /// <summary>Stretches of the new file that lie along the basis in a layered patch that was made.</summary>
        public long AlignedPieces { get; }
        /// <summary>Bytes in these, equal or nearly.</summary>
        public long AlignedBytes { get; }

        /// <summary>
        /// As "500 bytes read, 57 written, 1 literal of 4 bytes, 2 copies of 496 bytes", with what is not 0.
        /// </summary>
        public override string ToString()
        {
            return InBytes + " bytes read, " + OutBytes + " written"
                + Some(Blocks, "block", "blocks", BlockLength)
                + Some(LiteralCommands, "literal", "literals", LiteralBytes)
                + Some(CopyCommands, "copy", "copies", CopyBytes)
                + Some(AlignedPieces, "aligned piece", "aligned pieces", AlignedBytes)
                + (Verified ? ", verified" : HasTrailer ? ", not verified" : "");
        }

        private static string Some(long count, string one, string many, long bytes)
        {
            return count == 0 ? "" : ", " + count + " " + (count == 1 ? one : many) + " of " + bytes + " bytes";
        }

        /// <summary>An empty struct for the library to fill.</summary>
        internal static unsafe NativeStatistics Empty()
        {
            return new NativeStatistics { Size = (UIntPtr)sizeof(NativeStatistics) };
        }
    }
}
