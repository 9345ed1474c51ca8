// Cranks a job: feeds it from streams and hands out what it makes.
using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace Sigdelta
{
    /// <summary>
    /// Reads the output of a job. Whatever fails, a stream, the job or the caller's patience, fails a read that
    /// has nothing to deliver, and is tried again by the next: no output is lost.
    /// </summary>
    internal sealed class JobReader : IDisposable
    {
        /// <summary>
        /// Bytes per read and step: as <see cref="Stream.CopyTo(Stream)"/>, just below the large object heap.
        /// </summary>
        internal const int BufferSize = 81920;

        private enum Need { Nothing, Input, Basis }

        private readonly Job job;
        private readonly Stream input;
        private readonly BasisReader basis;
        private readonly ProgressReporter progress;
        private readonly Buffers buffers = new Buffers(BufferSize);
        private long wantedPosition;
        private int wantedLength;
        private long delivered;
        private bool done;
        private int busy;

        /// <param name="job">Belongs to the reader from now on.</param>
        /// <param name="input">Stays the caller's.</param>
        /// <param name="basis">Of a patch job; stays the caller's. Null for other jobs.</param>
        /// <param name="phase">What the job does.</param>
        /// <param name="progress">May be null.</param>
        internal JobReader(Job job, Stream input, Stream basis, TransferPhase phase,
            IProgress<TransferProgress> progress = null)
        {
            this.job = job;
            this.input = input;
            this.basis = basis == null ? null : new BasisReader(basis);
            this.progress = new ProgressReporter(progress, phase, input);
        }

        /// <summary>
        /// Reads at least one byte of output, or none at its end. A job without output runs to its end.
        /// </summary>
        internal int Read(byte[] output, int offset, int count, CancellationToken token)
        {
            Enter();
            try
            {
                buffers.SetOutput(output, offset, count);
                for (;;)
                {
                    switch (Step(token))
                    {
                        case Need.Nothing:
                            return Deliver();
                        case Need.Input:
                            buffers.SetInput(input.Read(buffers.Input, 0, buffers.Input.Length));
                            break;
                        case Need.Basis:
                            try
                            {
                                Copied(basis.Read(wantedPosition, output, buffers.OutputStart, wantedLength));
                            }
                            catch (Exception) when (buffers.Produced > 0)
                            {
                                return Deliver();
                            }
                            break;
                    }
                }
            }
            finally
            {
                Exit();
            }
        }

        internal async Task<int> ReadAsync(byte[] output, int offset, int count, CancellationToken token)
        {
            Enter();
            try
            {
                buffers.SetOutput(output, offset, count);
                for (;;)
                {
                    switch (Step(token))
                    {
                        case Need.Nothing:
                            return Deliver();
                        case Need.Input:
                            buffers.SetInput(await input.ReadAsync(buffers.Input, 0, buffers.Input.Length, token)
                                .ConfigureAwait(false));
                            break;
                        case Need.Basis:
                            try
                            {
                                Copied(await basis.ReadAsync(wantedPosition, output, buffers.OutputStart, wantedLength,
                                    token).ConfigureAwait(false));
                            }
                            catch (Exception) when (buffers.Produced > 0)
                            {
                                return Deliver();
                            }
                            break;
                    }
                }
            }
            finally
            {
                Exit();
            }
        }

        /// <summary>Writes all output to a stream.</summary>
        internal Statistics CopyTo(Stream output, CancellationToken token)
        {
            var buffer = new byte[BufferSize];
            int length;
            while ((length = Read(buffer, 0, buffer.Length, token)) > 0)
                output.Write(buffer, 0, length);
            return job.Statistics();
        }

        internal async Task<Statistics> CopyToAsync(Stream output, CancellationToken token)
        {
            var buffer = new byte[BufferSize];
            int length;
            while ((length = await ReadAsync(buffer, 0, buffer.Length, token).ConfigureAwait(false)) > 0)
                await output.WriteAsync(buffer, 0, length, token).ConfigureAwait(false);
            return job.Statistics();
        }

        public void Dispose()
        {
            job.Dispose();
        }

        private Need Step(CancellationToken token)
        {
            if (done || (buffers.Produced > 0 && token.IsCancellationRequested)) return Need.Nothing;
            token.ThrowIfCancellationRequested();
            Status status = job.Step(buffers);
            done = status == Status.Ok;
            progress.Update(buffers.Consumed, delivered + buffers.Produced, done);
            if (status == StepStatus.NeedsBasis)
            {
                job.Wanted(out wantedPosition, out long length);
                wantedLength = (int)Math.Min(length, buffers.Room);
                return Need.Basis;
            }
            if (done || buffers.Produced > 0) return Need.Nothing;
            if (status == StepStatus.NeedsInput) return Need.Input;
            throw new InvalidOperationException("The job made no progress.");
        }

        /// <summary>So many wanted bytes of the basis were put into the output.</summary>
        private void Copied(int length)
        {
            if (length < 0 || length > wantedLength) throw new IOException("The basis returned more than was asked for.");
            job.Copied(buffers, length);
        }

        private int Deliver()
        {
            delivered += buffers.Produced;
            return buffers.Produced;
        }

        /// <summary>A job is for one thread at a time; a second one must not get as far as the library.</summary>
        private void Enter()
        {
            if (Interlocked.Exchange(ref busy, 1) != 0)
                throw new InvalidOperationException("Another read of this stream is going on.");
        }

        private void Exit()
        {
            Volatile.Write(ref busy, 0);
        }
    }
}
