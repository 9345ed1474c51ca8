// Options for making a delta.
using System;

namespace Sigdelta
{
    /// <summary>What delta is made, and what signatures are accepted for it.</summary>
    public sealed class DeltaOptions : LoadOptions
    {
        private Trailer trailer;

        /// <summary>
        /// Whether the delta gets a trailer; it does unless this is <see cref="Sigdelta.Trailer.None"/>.
        /// </summary>
        public Trailer Trailer
        {
            get { return trailer; }
            set { trailer = Options.Defined(value, Enum.IsDefined(typeof(Trailer), value)); }
        }

        internal override void WriteTo(ref NativeOptions native)
        {
            base.WriteTo(ref native);
            native.Trailer = (uint)trailer;
        }
    }
}
