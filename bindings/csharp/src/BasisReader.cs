// Reads of a basis at any position, as a patch asks for them.
using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace Sigdelta
{
    /// <summary>Reads a stream at given positions; one that cannot seek, forwards only.</summary>
    internal sealed class BasisReader
    {
        private readonly Stream stream;
        private long position; // of a stream that cannot seek
        private byte[] skipped;

        internal BasisReader(Stream stream)
        {
            this.stream = stream;
        }

        /// <summary>
        /// Reads up to <paramref name="count"/> bytes; 0 if the stream ends before <paramref name="from"/>.
        /// </summary>
        internal int Read(long from, byte[] buffer, int offset, int count)
        {
            if (stream.CanSeek) return Seek(from) ? stream.Read(buffer, offset, count) : 0;
            while (SkipLength(from) > 0)
                if (!Passed(stream.Read(skipped, 0, SkipLength(from)))) return 0;
            int length = stream.Read(buffer, offset, count);
            position += length;
            return length;
        }

        internal async Task<int> ReadAsync(long from, byte[] buffer, int offset, int count, CancellationToken token)
        {
            if (stream.CanSeek)
                return Seek(from) ? await stream.ReadAsync(buffer, offset, count, token).ConfigureAwait(false) : 0;
            while (SkipLength(from) > 0)
                if (!Passed(await stream.ReadAsync(skipped, 0, SkipLength(from), token).ConfigureAwait(false))) return 0;
            int length = await stream.ReadAsync(buffer, offset, count, token).ConfigureAwait(false);
            position += length;
            return length;
        }

        /// <summary>Whether the stream reaches <paramref name="from"/>, where it then is.</summary>
        private bool Seek(long from)
        {
            if (stream.Position == from) return true;
            if (from > stream.Length) return false;
            stream.Position = from;
            return true;
        }

        private int SkipLength(long from)
        {
            if (from == position) return 0;
            if (from < position)
                throw new NotSupportedException("The delta goes back to byte " + from + " of a basis that cannot seek.");
            if (skipped == null) skipped = new byte[JobReader.BufferSize];
            return (int)Math.Min(from - position, skipped.Length);
        }

        private bool Passed(int length)
        {
            position += length;
            return length > 0;
        }
    }
}
