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

        /// <summary>
        /// Chooses copies so that the delta is smaller than librsync's where blocks of the basis are equal, and
        /// never larger. librsync applies it.
        /// </summary>
        public bool Smaller { get; set; }

        internal override void WriteTo(ref NativeOptions native)
        {
            base.WriteTo(ref native);
            native.Trailer = (uint)trailer;
            native.Smaller = Smaller ? 1u : 0u;
        }
    }
}
