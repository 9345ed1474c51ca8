// Options for loading a signature.
using System;

namespace Sigdelta
{
    /// <summary>What signatures are accepted.</summary>
    public class LoadOptions : IOptions
    {
        private long maxSignatureBytes;
        private long maxMemoryBytes;
        private int threads;

        /// <summary>Most bytes of a signature; 0, the default, is no limit.</summary>
        public long MaxSignatureBytes
        {
            get { return maxSignatureBytes; }
            set { maxSignatureBytes = Options.NotNegative(value); }
        }

        /// <summary>
        /// Most memory that signature, index and buffers may take, in bytes; 0, the default, is no limit.
        /// </summary>
        public long MaxMemoryBytes
        {
            get { return maxMemoryBytes; }
            set { maxMemoryBytes = Options.NotNegative(value); }
        }

        /// <summary>
        /// Accepts odd signatures as librsync does: magic or strong length 0, stray bytes at the end.
        /// </summary>
        public bool LibrsyncRules { get; set; }

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
            WriteTo(ref native);
        }

        internal virtual void WriteTo(ref NativeOptions native)
        {
            native.MaxSignatureBytes = (ulong)maxSignatureBytes;
            native.MaxMemoryBytes = (ulong)maxMemoryBytes;
            native.LibrsyncRules = LibrsyncRules ? 1u : 0u;
            if (threads > 0) native.Threads = (uint)threads;
        }
    }
}
