// Options for making a layered patch.
using System;

namespace Sigdelta
{
    /// <summary>How a layered patch or a flat delta is made.</summary>
    public sealed class LayeredOptions : IOptions
    {
        private PatchLevel level;
        private int threads;

        /// <summary>How hard to try. For flat deltas the maximum is the same as the default.</summary>
        public PatchLevel Level
        {
            get { return level; }
            set { level = Options.Defined(value, Enum.IsDefined(typeof(PatchLevel), value)); }
        }

        /// <summary>
        /// Most threads to use for files and memory; 0, the default, is the library's choice. Streams are worked on by
        /// one. Results do not depend on it.
        /// </summary>
        public int Threads
        {
            get { return threads; }
            set { threads = Options.NotNegative(value); }
        }

        void IOptions.WriteTo(ref NativeOptions native)
        {
            native.Level = (uint)level;
            if (threads > 0) native.Threads = (uint)threads;
        }
    }
}
