// Options for making a signature.
using System;

namespace Sigdelta
{
    /// <summary>What signature is made.</summary>
    /// <remarks>
    /// A value that a property cannot have is an <see cref="ArgumentOutOfRangeException"/> when it is set; values that
    /// do not go together are a <see cref="SigdeltaException"/> with <see cref="Status.ParamError"/> when they are used.
    /// </remarks>
    public sealed class SignatureOptions : IOptions
    {
        /// <summary>For <see cref="StrongLength"/>: as few bytes as are safe for the length of the basis.</summary>
        public const int MinimumStrongLength = -1;

        /// <summary>Bytes of the longest strong sum there is, of BLAKE2b.</summary>
        private const int MaximumStrongLength = 32;

        private SignatureKind kind = SignatureKind.RabinKarpBlake2b;
        private int blockLength;
        private int strongLength;
        private int threads;

        /// <summary>Which sums are used; RabinKarp and BLAKE2b if not set.</summary>
        public SignatureKind Kind
        {
            get { return kind; }
            set { kind = Options.Defined(value, Enum.IsDefined(typeof(SignatureKind), value)); }
        }

        /// <summary>Bytes per block; 0, the default, is what is recommended for the length of the basis.</summary>
        public int BlockLength
        {
            get { return blockLength; }
            set { blockLength = Options.NotNegative(value); }
        }

        /// <summary>
        /// Bytes of each strong sum, at most 32 of BLAKE2b and 16 of MD4; 0, the default, is the whole sum. See <see
        /// cref="MinimumStrongLength"/>.
        /// </summary>
        /// <exception cref="ArgumentOutOfRangeException">
        /// No kind has such sums. What only the set kind has not is found when the options are used, and a <see
        /// cref="SigdeltaException"/> with <see cref="Status.ParamError"/>.
        /// </exception>
        public int StrongLength
        {
            get { return strongLength; }
            set
            {
                if (value > MaximumStrongLength)
                    throw new ArgumentOutOfRangeException(nameof(StrongLength), value, "No strong sum is longer than 32 bytes.");
                strongLength = value == MinimumStrongLength ? value : Options.NotNegative(value);
            }
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
