// The parameters a signature has.
namespace Sigdelta
{
    /// <summary>Kind and lengths of a signature, as in its first 12 bytes.</summary>
    public struct SignatureParameters
    {
        internal SignatureParameters(uint kind, uint blockLength, uint strongLength)
        {
            Kind = (SignatureKind)kind;
            BlockLength = checked((int)blockLength);
            StrongLength = checked((int)strongLength);
        }

        /// <summary>Which sums are used.</summary>
        public SignatureKind Kind { get; }

        /// <summary>Bytes per block.</summary>
        public int BlockLength { get; }

        /// <summary>Bytes of each strong sum.</summary>
        public int StrongLength { get; }

        /// <summary>Bytes of the signature of a basis.</summary>
        /// <param name="basisLength">Length of the basis in bytes.</param>
        public long SignatureLength(long basisLength)
        {
            long blocks = basisLength / BlockLength + (basisLength % BlockLength == 0 ? 0 : 1);
            return checked(HeaderLength + blocks * EntryLength);
        }

        /// <summary>As "RabinKarpBlake2b, blocks of 2048 bytes, strong sums of 32".</summary>
        public override string ToString()
        {
            return Kind + ", blocks of " + BlockLength + " bytes, strong sums of " + StrongLength;
        }

        /// <summary>Bytes before the sums.</summary>
        internal const int HeaderLength = 12;

        /// <summary>Bytes of the sums of one block.</summary>
        internal int EntryLength { get { return 4 + StrongLength; } }
    }
}
