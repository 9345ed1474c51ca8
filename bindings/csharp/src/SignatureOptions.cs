// Options for making a signature.
using System;

namespace Sigdelta
{
    /// <summary>What signature is made.</summary>
    public sealed class SignatureOptions : IOptions
    {
        /// <summary>For <see cref="StrongLength"/>: as few bytes as are safe for the length of the basis.</summary>
        public const int MinimumStrongLength = -1;

        private int blockLength;
        private int strongLength;
        private int threads;

        /// <summary>Which sums are used; RabinKarp and BLAKE2b if not set.</summary>
        public SignatureKind Kind { get; set; } = SignatureKind.RabinKarpBlake2b;

        /// <summary>Bytes per block; 0, the default, is what is recommended for the length of the basis.</summary>
        public int BlockLength
        {
            get { return blockLength; }
            set { blockLength = Options.NotNegative(value); }
        }

        /// <summary>
        /// Bytes of each strong sum; 0, the default, is the whole sum. See <see cref="MinimumStrongLength"/>.
        /// </summary>
        public int StrongLength
        {
            get { return strongLength; }
            set { strongLength = value == MinimumStrongLength ? value : Options.NotNegative(value); }
        }

        /// <summary>
        /// Most threads to use; 0, the default, is the library's choice. Results do not depend on it.
        /// </summary>
        public int Threads
        {
            get { return threads; }
            set { threads = Options.NotNegative(value); }
        }

        void IOptions.WriteTo(ref NativeOptions native)
        {
            native.SignatureKind = (uint)Kind;
            native.BlockLength = (uint)blockLength;
            native.StrongLength = unchecked((uint)strongLength); // -1 is SIGDELTA_STRONG_LEN_MIN
            if (threads > 0) native.Threads = (uint)threads;
        }
    }
}
