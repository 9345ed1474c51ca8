// Calls of the library's functions that call back to read and write.
using System;
using System.IO;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;

namespace Sigdelta
{
    /// <summary>
    /// The streams of one call. The library never calls two of its functions at a time, whichever thread it calls
    /// them in. Their exceptions cannot pass through it: the first one ends the call and is thrown on behind it.
    /// </summary>
    internal sealed unsafe class StreamCall
    {
        internal delegate Status Function(ref NativeSource basis, ref NativeSource input, ref NativeSink output,
            ref NativeOptions options, ref NativeStatistics statistics);

        private readonly BasisReader basis;
        private readonly long basisLength;
        private readonly Stream input;
        private readonly BasisReader inputAnywhere; // null if the input is read from first to last
        private readonly long inputStart;
        private readonly long? inputLength;
        private readonly Stream output;
        private readonly byte[] buffer = new byte[JobReader.BufferSize];
        private bool awaits;
        private CancellationToken token;
        private ExceptionDispatchInfo thrown;

        /// <param name="basis">Read at any position, counted from its start; can seek.</param>
        /// <param name="input">Read from its position.</param>
        /// <param name="anywhere">Whether the input is read at any position, for which it can seek.</param>
        /// <param name="output">Is written.</param>
        internal StreamCall(Stream basis, Stream input, bool anywhere, Stream output)
        {
            this.basis = new BasisReader(basis);
            basisLength = basis.Length;
            this.input = input;
            if (anywhere) inputAnywhere = new BasisReader(input);
            inputStart = anywhere ? input.Position : 0;
            inputLength = Require.Remaining(input);
            this.output = output;
        }

        internal Statistics Run(NativeOptions options, IProgress<TransferProgress> progress, CancellationToken cancellationToken,
            Function function)
        {
            token = cancellationToken;
            // A runtime stops threads that were in its code by signals, which those of the library do not take.
            options.Threads = 1;
            return PathCall.Run(options, progress, token, new string[0],
                (ref NativeOptions native, ref NativeStatistics statistics) =>
                {
                    NativeReadAt readBasis = ReadBasis, readInput = ReadInput;
                    NativeWrite write = Write;
                    var basisSource = new NativeSource
                    {
                        ReadAt = Marshal.GetFunctionPointerForDelegate(readBasis),
                        Length = (ulong)basisLength,
                    };
                    var inputSource = new NativeSource
                    {
                        ReadAt = Marshal.GetFunctionPointerForDelegate(readInput),
                        Length = inputLength == null ? NativeMethods.Unknown : (ulong)inputLength.Value,
                    };
                    var sink = new NativeSink { Write = Marshal.GetFunctionPointerForDelegate(write) };
                    Status status = function(ref basisSource, ref inputSource, ref sink, ref native, ref statistics);
                    GC.KeepAlive(readBasis);
                    GC.KeepAlive(readInput);
                    GC.KeepAlive(write);
                    if (thrown != null) thrown.Throw();
                    return status;
                });
        }

        /// <summary>
        /// The same on a thread of its own, which waits for the streams, so that nobody else has to.
        /// </summary>
        internal Task<Statistics> RunAsync(NativeOptions options, IProgress<TransferProgress> progress,
            CancellationToken cancellationToken, Function function)
        {
            awaits = true;
            return Task.Factory.StartNew(() => Run(options, progress, cancellationToken, function), CancellationToken.None,
                TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
        }

        private int ReadBasis(IntPtr opaque, ulong position, IntPtr bytes, UIntPtr* length)
        {
            return Read(basis, checked((long)position), bytes, length);
        }

        private int ReadInput(IntPtr opaque, ulong position, IntPtr bytes, UIntPtr* length)
        {
            return Read(inputAnywhere, checked(inputStart + (long)position), bytes, length);
        }

        private int Read(BasisReader reader, long position, IntPtr bytes, UIntPtr* length)
        {
            try
            {
                token.ThrowIfCancellationRequested();
                int wanted = (int)Math.Min((ulong)*length, (ulong)buffer.Length);
                int read;
                if (reader == null)
                    read = awaits
                        ? input.ReadAsync(buffer, 0, wanted, token).GetAwaiter().GetResult()
                        : input.Read(buffer, 0, wanted);
                else
                    read = awaits
                        ? reader.ReadAsync(position, buffer, 0, wanted, token).GetAwaiter().GetResult()
                        : reader.Read(position, buffer, 0, wanted);
                if (read < 0 || read > wanted) throw new IOException("A stream returned more than was asked for.");
                Marshal.Copy(buffer, 0, bytes, read);
                *length = (UIntPtr)(uint)read;
                return 0;
            }
            catch (Exception exception)
            {
                return Failed(exception);
            }
        }

        private int Write(IntPtr opaque, IntPtr bytes, UIntPtr length)
        {
            try
            {
                var left = (ulong)length;
                var from = (byte*)bytes;
                while (left > 0)
                {
                    token.ThrowIfCancellationRequested();
                    int part = (int)Math.Min(left, (ulong)buffer.Length);
                    Marshal.Copy((IntPtr)from, buffer, 0, part);
                    if (awaits) output.WriteAsync(buffer, 0, part, token).GetAwaiter().GetResult();
                    else output.Write(buffer, 0, part);
                    from += part;
                    left -= (ulong)part;
                }
                return 0;
            }
            catch (Exception exception)
            {
                return Failed(exception);
            }
        }

        private int Failed(Exception exception)
        {
            if (thrown == null) thrown = ExceptionDispatchInfo.Capture(exception);
            return -1;
        }
    }
}
