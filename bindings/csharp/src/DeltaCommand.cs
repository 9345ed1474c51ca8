// One command of a delta.
namespace Sigdelta
{
    /// <summary>What a command of a delta does.</summary>
    public enum DeltaCommandKind
    {
        /// <summary>Appends data that follows in the delta.</summary>
        Literal = 1,
        /// <summary>Appends bytes of the basis.</summary>
        Copy = 2,
        /// <summary>Ends the delta.</summary>
        End = 3,
        /// <summary>Tells length and digest of the result.</summary>
        Trailer = 4,
    }

    /// <summary>One command of a delta. All numbers are bytes.</summary>
    public struct DeltaCommand
    {
        internal DeltaCommand(NativeCommand native)
        {
            Kind = (DeltaCommandKind)native.Kind;
            Offset = checked((long)native.Offset);
            EncodedLength = checked((int)native.EncodedLength);
            Position = checked((long)native.Position);
            Length = checked((long)native.Length);
        }

        /// <summary>What the command does.</summary>
        public DeltaCommandKind Kind { get; }

        /// <summary>Where the command starts in the delta.</summary>
        public long Offset { get; }

        /// <summary>Length of the command in the delta, without literal data.</summary>
        public int EncodedLength { get; }

        /// <summary>Where literal data starts in the delta.</summary>
        public long DataOffset { get { return Offset + EncodedLength; } }

        /// <summary>Where a copy starts in the basis.</summary>
        public long Position { get; }

        /// <summary>Length of literal data or of a copy; for a trailer, of the result.</summary>
        public long Length { get; }

        /// <summary>As "Copy of 500 bytes from 2000", with what there is to say of the kind.</summary>
        public override string ToString()
        {
            switch (Kind)
            {
                case DeltaCommandKind.Literal: return "Literal of " + Length + " bytes";
                case DeltaCommandKind.Copy: return "Copy of " + Length + " bytes from " + Position;
                case DeltaCommandKind.Trailer: return "Trailer, result of " + Length + " bytes";
                default: return Kind.ToString();
            }
        }
    }
}
