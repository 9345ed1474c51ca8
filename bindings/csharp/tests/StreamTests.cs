// The streams of the idiomatic API: pipes, failures of the inputs, one reader at a time.
using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace Sigdelta.Tests
{
    internal static class StreamTests
    {
        private static readonly byte[] Old = Data.Bytes(new Random(50), 400000);
        private static readonly byte[] New = Data.Edited(new Random(51), Old);
        private static readonly byte[] OldSignature = Signature.Compute(Old);
        private static readonly byte[] NewDelta = Delta.Compute(OldSignature, New);

        public static async Task AsyncNeverBlocks()
        {
            var sink = new Sink { AsyncOnly = true };
            await Signature.ComputeAsync(AsyncOnly(Old), sink);
            Check.Bytes(OldSignature, sink.ToArray());
            sink = new Sink { AsyncOnly = true };
            await Delta.ComputeAsync(AsyncOnly(OldSignature), AsyncOnly(New), sink);
            Check.Bytes(NewDelta, sink.ToArray());
            sink = new Sink { AsyncOnly = true };
            await Delta.ApplyAsync(AsyncOnly(Old), AsyncOnly(NewDelta), sink);
            Check.Bytes(New, sink.ToArray());
            Check.True(!sink.Disposed, "outputs are not disposed of");
        }

        public static void BlockingIsNeverAsync()
        {
            var result = new MemoryStream();
            Delta.Apply(new OddStream(Old) { SyncOnly = true }, new OddStream(NewDelta) { SyncOnly = true }, result);
            Check.Bytes(New, result.ToArray());
        }

        public static async Task Pipes()
        {
            var options = new SignatureOptions { BlockLength = 640 };
            var sink = new MemoryStream();
            Signature.Compute(Pipe(Old), sink, options);
            Check.Bytes(Signature.Compute(Old, options), sink.ToArray());
            byte[] unchanged = Delta.Diff(Old, Old);
            sink = new MemoryStream();
            Delta.Apply(Pipe(Old), Pipe(unchanged), sink);
            Check.Bytes(Old, sink.ToArray());
            sink = new MemoryStream();
            await Delta.ApplyAsync(Pipe(Old), Pipe(unchanged), sink);
            Check.Bytes(Old, sink.ToArray());
            byte[] swapped = Delta.Diff(Old, Data.Join(Slice(200000, 200000), Slice(0, 200000)));
            Check.Throws<NotSupportedException>(() => Delta.Apply(Pipe(Old), Pipe(swapped), new MemoryStream()));
            await Check.ThrowsAsync<NotSupportedException>(() => Delta.ApplyAsync(Pipe(Old), Pipe(swapped), new MemoryStream()));
        }

        /// <summary>No room is left now and then while bytes of the basis are wanted.</summary>
        public static void ByteByByte()
        {
            Stream result = Delta.OpenApply(new OddStream(Old) { ShortReads = true }, Data.Stream(NewDelta));
            for (int i = 0; i < New.Length; i++) Check.Equal((int)New[i], result.ReadByte(), "byte " + i);
            Check.Equal(-1, result.ReadByte(), "the end");
        }

        /// <summary>A basis of unknown length gets blocks of 2048 bytes, one of known length what is recommended.</summary>
        public static void LengthOfTheBasis()
        {
            var sink = new MemoryStream();
            Check.Equal(2048L, Signature.Compute(Pipe(Old), sink).BlockLength);
            Check.Equal(512L, Signature.Compute(Data.Stream(Old), new MemoryStream()).BlockLength);
            Stream late = Data.Stream(Old);
            late.Position = Old.Length - 1000;
            Check.Equal(4L, Signature.Compute(late, new MemoryStream()).Blocks);
        }

        public static void FailingInputs()
        {
            var failure = new InvalidTimeZoneException();
            Action fail = () => { throw failure; };
            Func<byte[], Stream> failing = bytes => new OddStream(bytes) { BeforeRead = fail };
            Action<Action> fails = action => Check.True(ReferenceEquals(failure, Check.Throws<InvalidTimeZoneException>(action)), "the exception");
            fails(() => Signature.Compute(failing(Old), new MemoryStream()));
            fails(() => SignatureIndex.Load(failing(OldSignature)));
            fails(() => Delta.Compute(Data.Stream(OldSignature), failing(New), new MemoryStream()));
            fails(() => Delta.Apply(failing(Old), Data.Stream(NewDelta), new MemoryStream()));
            fails(() => Delta.Apply(Data.Stream(Old), failing(NewDelta), new MemoryStream()));
        }

        /// <summary>An input that fails now and then: reading on gives all bytes.</summary>
        public static void FailuresLoseNothing()
        {
            var random = new Random(52);
            Action maybe = () => { if (random.Next(4) == 0) throw new TimeoutException(); };
            Stream result = Delta.OpenApply(
                new OddStream(Old) { ShortReads = true, BeforeRead = maybe }, new OddStream(NewDelta) { ShortReads = true, BeforeRead = maybe });
            var all = new MemoryStream();
            var buffer = new byte[20000];
            int length = -1, failures = 0;
            while (length != 0)
            {
                try
                {
                    length = result.Read(buffer, 0, buffer.Length);
                    all.Write(buffer, 0, length);
                }
                catch (TimeoutException)
                {
                    failures++;
                }
            }
            Check.True(failures > 10, failures + " failures");
            Check.Bytes(New, all.ToArray());
        }

        public static void InputsThatLie()
        {
            Check.Throws<IOException>(() => Signature.Compute(new Liar(1), new MemoryStream()));
            Check.Throws<IOException>(() => Signature.Compute(new Liar(-200000), new MemoryStream()));
            Check.Throws<IOException>(() => Delta.Apply(new Liar(1), Data.Stream(NewDelta), new MemoryStream()));
        }

        public static async Task OneReaderAtATime()
        {
            var gate = new TaskCompletionSource<int>();
            Stream signature = Signature.OpenRead(new Gated(gate.Task));
            var buffer = new byte[100];
            Check.Equal(12, await signature.ReadAsync(buffer, 0, 100), "the header, which needs no input");
            Task<int> pending = signature.ReadAsync(buffer, 0, 100);
            Check.Throws<InvalidOperationException>(() => signature.Read(buffer, 0, 100));
            await Check.ThrowsAsync<InvalidOperationException>(() => signature.ReadAsync(buffer, 0, 100));
            gate.SetResult(0);
            Check.Equal(0, await pending, "the end");
            Check.Equal(0, signature.Read(buffer, 0, 100), "the end again");
        }

        private static Stream AsyncOnly(byte[] bytes)
        {
            return new OddStream(bytes) { AsyncOnly = true };
        }

        private static Stream Pipe(byte[] bytes)
        {
            return new OddStream(bytes) { Seekable = false, ShortReads = true };
        }

        private static byte[] Slice(int start, int length)
        {
            var slice = new byte[length];
            Array.Copy(Old, start, slice, 0, length);
            return slice;
        }

        /// <summary>Says that it has read more, or less than nothing.</summary>
        private sealed class Liar : MemoryStream
        {
            private readonly int more;

            internal Liar(int more) : base(Old)
            {
                this.more = more;
            }

            public override int Read(byte[] buffer, int offset, int count)
            {
                return count + more;
            }
        }

        /// <summary>An empty stream whose end is not reached until a task is done.</summary>
        private sealed class Gated : MemoryStream
        {
            private readonly Task<int> gate;

            internal Gated(Task<int> gate)
            {
                this.gate = gate;
            }

            public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken token)
            {
                return gate;
            }
        }
    }
}
