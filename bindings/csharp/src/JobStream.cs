// The output of a job as a stream that makes it while it is read.
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace Sigdelta
{
    /// <summary>Lazy, forwards only.</summary>
    internal sealed class JobStream : ReadOnlyStream
    {
        private readonly JobReader reader;

        /// <param name="reader">Belongs to the stream from now on.</param>
        internal JobStream(JobReader reader)
        {
            this.reader = reader;
        }

        protected override int ReadSome(byte[] buffer, int offset, int count)
        {
            return reader.Read(buffer, offset, count, CancellationToken.None);
        }

        protected override Task<int> ReadSomeAsync(byte[] buffer, int offset, int count, CancellationToken token)
        {
            return reader.ReadAsync(buffer, offset, count, token);
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) reader.Dispose();
            base.Dispose(disposing);
        }
    }
}
