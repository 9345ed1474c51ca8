// A stream whose format errors are those of librsync.net.
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Sigdelta;

namespace librsync.net
{
    internal sealed class FormatErrorStream : ReadOnlyStream
    {
        private readonly Stream stream;

        /// <param name="stream">Belongs to the new stream from now on.</param>
        internal FormatErrorStream(Stream stream)
        {
            this.stream = stream;
        }

        protected override int ReadSome(byte[] buffer, int offset, int count)
        {
            try
            {
                return stream.Read(buffer, offset, count);
            }
            catch (SigdeltaException exception)
            {
                throw Librsync.Translate(exception);
            }
        }

        protected override async Task<int> ReadSomeAsync(byte[] buffer, int offset, int count, CancellationToken token)
        {
            try
            {
                return await stream.ReadAsync(buffer, offset, count, token).ConfigureAwait(false);
            }
            catch (SigdeltaException exception)
            {
                throw Librsync.Translate(exception);
            }
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) stream.Dispose();
            base.Dispose(disposing);
        }
    }
}
