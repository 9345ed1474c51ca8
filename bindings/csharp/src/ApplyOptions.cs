// Options for applying a delta or layered patch.
using System;

namespace Sigdelta
{
    /// <summary>What deltas and layered patches are accepted.</summary>
    public sealed class ApplyOptions : IOptions
    {
        private Trailer trailer;
        private long maxOutputBytes, maxMemoryBytes;

        /// <summary>Whether the result of a delta is verified; it is if there is a trailer, unless this says otherwise.</summary>
        public Trailer Trailer
        {
            get { return trailer; }
            set { trailer = Options.Defined(value, Enum.IsDefined(typeof(Trailer), value)); }
        }

        /// <summary>Most bytes of the result; 0, the default, is no limit. Set one for strangers.</summary>
        public long MaxOutputBytes
        {
            get { return maxOutputBytes; }
            set { maxOutputBytes = Options.NotNegative(value); }
        }

        /// <summary>
        /// Most memory that a layered patch may ask for, in bytes; 0, the default, is 64 MiB, and no patch of this
        /// library asks for more.
        /// </summary>
        public long MaxMemoryBytes
        {
            get { return maxMemoryBytes; }
            set { maxMemoryBytes = Options.NotNegative(value); }
        }

        void IOptions.WriteTo(ref NativeOptions native)
        {
            native.Trailer = (uint)trailer;
            native.MaxOutputBytes = (ulong)maxOutputBytes;
            native.MaxMemoryBytes = (ulong)maxMemoryBytes;
        }
    }
}
