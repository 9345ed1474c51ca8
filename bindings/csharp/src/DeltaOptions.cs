// Options for making a delta.
namespace Sigdelta
{
    /// <summary>What delta is made, and what signatures are accepted for it.</summary>
    public sealed class DeltaOptions : LoadOptions
    {
        /// <summary>
        /// Whether the delta gets a trailer; it does unless this is <see cref="Sigdelta.Trailer.None"/>.
        /// </summary>
        public Trailer Trailer { get; set; }

        internal override void WriteTo(ref NativeOptions native)
        {
            base.WriteTo(ref native);
            native.Trailer = (uint)Trailer;
        }
    }
}
