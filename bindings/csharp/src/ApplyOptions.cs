// Options for applying a delta.
using System;

namespace Sigdelta
{
    /// <summary>What deltas are accepted.</summary>
    public sealed class ApplyOptions : IOptions
    {
        private Trailer trailer;
        private long maxOutputBytes;

        /// <summary>Whether the result is verified; it is if there is a trailer, unless this says otherwise.</summary>
        public Trailer Trailer
        {
            get { return trailer; }
            set { trailer = Options.Defined(value, Enum.IsDefined(typeof(Trailer), value)); }
        }

        /// <summary>Most bytes of the result; 0, the default, is no limit. Set one for deltas from strangers.</summary>
        public long MaxOutputBytes
        {
            get { return maxOutputBytes; }
            set { maxOutputBytes = Options.NotNegative(value); }
        }

        void IOptions.WriteTo(ref NativeOptions native)
        {
            native.Trailer = (uint)trailer;
            native.MaxOutputBytes = (ulong)maxOutputBytes;
        }
    }
}
