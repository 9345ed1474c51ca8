// The streams of the facade: length, seeking, the ways to read, and what happens to the inputs.
using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using librsync.net;

namespace Sigdelta.Tests
{
    internal static class FacadeStreamTests
    {
        private static readonly byte[] Old = Data.Bytes(new Random(40), 150001);
        private static readonly byte[] New = Data.Edited(new Random(41), Old);
        private static readonly byte[] OldSignature = Data.Drain(Librsync.ComputeSignature(Data.Stream(Old)));
        private static readonly byte[] NewDelta = Data.Drain(Librsync.ComputeDelta(Data.Stream(OldSignature), Data.Stream(New)));

        public static void SignatureLengthAndSeeking()
        {
            foreach (int length in new[] { 0, 1, 2047, 2048, 2049, Old.Length })
            {
                Stream signature = Librsync.ComputeSignature(Data.Stream(Data.Front(Old, length)));
                var all = new MemoryStream();
                signature.CopyTo(all);
                Check.True(signature.CanSeek, "can seek");
                Check.Equal(all.Length, signature.Length, "length");
                Check.Equal(all.Length, signature.Position, "position at the end");
                for (int i = 0; i < all.Length + 3; i++)
                {
                    signature.Position = all.Position = i;
                    Check.Equal(all.ReadByte(), signature.ReadByte(), "byte " + i);
                }
            }
        }

        public static async Task SignatureSeeksAnywhere()
        {
            var random = new Random(42);
            Stream signature = Librsync.ComputeSignature(new OddStream(Old) { ShortReads = true });
            var expected = new MemoryStream(OldSignature);
            for (int round = 0; round < 300; round++)
            {
                var origin = (SeekOrigin)random.Next(3);
                long target = random.Next(OldSignature.Length);
                long offset = target - (origin == SeekOrigin.Begin ? 0 : origin == SeekOrigin.Current ? signature.Position : signature.Length);
                Check.Equal(target, signature.Seek(offset, origin), "position after a seek");
                expected.Position = target;
                byte[] mine = new byte[random.Next(300)], theirs = new byte[mine.Length];
                int length = round % 2 == 0
                    ? signature.Read(mine, 0, mine.Length)
                    : await signature.ReadAsync(mine, 0, mine.Length);
                expected.Read(theirs, 0, length);
                Check.Bytes(theirs, mine, "at " + target);
                Check.Equal(target + length, signature.Position, "position after a read");
            }
            Check.Throws<IOException>(() => signature.Seek(-1, SeekOrigin.Begin));
            Check.Throws<ArgumentException>(() => signature.Seek(0, (SeekOrigin)7));
        }

        public static void SignatureStartsAtThePosition()
        {
            Stream input = Data.Stream(Old);
            input.Position = 1000;
            var rest = new byte[Old.Length - 1000];
            Array.Copy(Old, 1000, rest, 0, rest.Length);
            byte[] expected = Data.Drain(Librsync.ComputeSignature(Data.Stream(rest)));
            Stream signature = Librsync.ComputeSignature(input);
            Check.Equal((long)expected.Length, signature.Length);
            Check.Equal(0x72, signature.ReadByte());
            signature.Position = 0;
            Check.Bytes(expected, Data.Drain(signature));
        }

        public static void SignatureOfAPipe()
        {
            Stream signature = Librsync.ComputeSignature(new OddStream(Old) { Seekable = false, ShortReads = true });
            Check.True(!signature.CanSeek, "cannot seek");
            Check.Throws<NotSupportedException>(() => Check.Equal(0L, signature.Length));
            Check.Throws<NotSupportedException>(() => signature.Position = 5);
            Check.Bytes(OldSignature, Data.Drain(signature));
        }

        public static void NothingIsReadTooEarly()
        {
            int reads = 0;
            Action count = () => reads++;
            Stream signature = Librsync.ComputeSignature(new OddStream(Old) { BeforeRead = count });
            Stream delta = Librsync.ComputeDelta(Data.Stream(OldSignature), new OddStream(New) { BeforeRead = count });
            Stream result = Librsync.ApplyDelta(new OddStream(Old) { BeforeRead = count }, Data.Stream(NewDelta));
            Check.Equal(0, reads, "reads in the calls");
            Check.Bytes(OldSignature, Data.Drain(signature));
            Check.Bytes(NewDelta, Data.Drain(delta));
            Check.Bytes(New, Data.Drain(result));
        }

        public static void DeltaIsForwardOnly()
        {
            Stream delta = Librsync.ComputeDelta(Data.Stream(OldSignature), new OddStream(New) { Seekable = false });
            Check.True(delta.CanRead && !delta.CanSeek && !delta.CanWrite, "can be read only");
            Check.Throws<NotSupportedException>(() => Check.Equal(0L, delta.Length));
            Check.Throws<NotSupportedException>(() => delta.Seek(0, SeekOrigin.Begin));
            Check.Throws<NotSupportedException>(() => delta.SetLength(0));
            Check.Throws<NotSupportedException>(() => delta.WriteByte(0));
            delta.Flush();
            Check.Bytes(NewDelta, Data.Drain(delta));
        }

        public static async Task PatchedSeeksAnywhere()
        {
            var random = new Random(43);
            Stream result = Librsync.ApplyDelta(new OddStream(Old) { ShortReads = true }, new OddStream(NewDelta) { ShortReads = true });
            Check.True(!result.CanSeek, "says that it cannot seek");
            Check.Equal((long)New.Length, result.Length);
            var expected = new MemoryStream(New);
            for (int round = 0; round < 300; round++)
            {
                var origin = (SeekOrigin)random.Next(3);
                long target = random.Next(New.Length + 10);
                long offset = target - (origin == SeekOrigin.Begin ? 0 : origin == SeekOrigin.Current ? result.Position : result.Length);
                Check.Equal(target, result.Seek(offset, origin), "position after a seek");
                expected.Position = target;
                byte[] mine = new byte[random.Next(5000)], theirs = new byte[mine.Length];
                int length = round % 2 == 0
                    ? result.Read(mine, 0, mine.Length)
                    : await result.ReadAsync(mine, 0, mine.Length);
                Check.Equal(expected.Read(theirs, 0, theirs.Length), length, "bytes at " + target);
                Check.Bytes(theirs, mine, "at " + target);
                Check.Equal(target + length, result.Position, "position after a read");
            }
        }

        public static void PatchedWithoutOriginal()
        {
            Action<string, string> patched = (delta, expected) => Check.Bytes(Data.Hex(expected),
                Data.Drain(Librsync.ApplyDelta(new MemoryStream(), Data.Stream(Data.Hex(delta)))));
            patched("72730236 00", "");
            patched("72730236 02 6162 00", "6162");
            patched("72730236 02 6162 41 03 636465 42 0001 66 00", "616263646566");
        }

        public static void DeltaStartsAtThePosition()
        {
            Stream delta = Data.Stream(Data.Join(new byte[77], NewDelta));
            delta.Position = 77;
            Check.Bytes(New, Data.Drain(Librsync.ApplyDelta(Data.Stream(Old), delta)));
        }

        public static void WhatFollowsADeltaIsIgnored()
        {
            byte[] stray = Data.Join(NewDelta, new byte[] { 1, 2, 3 });
            byte[] trailed = Delta.Compute(OldSignature, New);
            foreach (byte[] delta in new[] { stray, trailed })
            {
                Check.Bytes(New, Data.Drain(Librsync.ApplyDelta(Data.Stream(Old), Data.Stream(delta))));
                Check.Bytes(New, Data.Drain(Librsync.ApplyDelta(Data.Stream(Old), new OddStream(delta) { Seekable = false })));
            }
        }

        public static void PatchedFromPipes()
        {
            Stream fromPipe = Librsync.ApplyDelta(Data.Stream(Old), new OddStream(NewDelta) { Seekable = false, ShortReads = true });
            Check.Throws<NotSupportedException>(() => Check.Equal(0L, fromPipe.Length));
            Check.Bytes(New, Data.Drain(fromPipe));

            // Copies that go forwards in an original that cannot seek: bytes 10 to 14, "x", 20 to 24.
            byte[] forwards = Data.Hex("72730236 45 0a 05 01 78 45 14 05 00");
            byte[] expected = Data.Join(Slice(10, 5), new[] { (byte)'x' }, Slice(20, 5));
            foreach (bool seekable in new[] { false, true })
                Check.Bytes(expected, Data.Drain(Librsync.ApplyDelta(
                    new OddStream(Old) { Seekable = false }, new OddStream(forwards) { Seekable = seekable })));
            byte[] backwards = Data.Hex("72730236 45 14 05 45 0a 05 00");
            Check.Throws<NotSupportedException>(() => Data.Drain(Librsync.ApplyDelta(
                new OddStream(Old) { Seekable = false }, Data.Stream(backwards))));
        }

        public static async Task EachWayToRead()
        {
            Func<Stream>[] streams =
            {
                () => Librsync.ComputeSignature(new OddStream(Old) { AsyncOnly = true }),
                () => Librsync.ComputeDelta(Data.Stream(OldSignature), new OddStream(New) { AsyncOnly = true }),
                () => Librsync.ApplyDelta(new OddStream(Old) { AsyncOnly = true }, Data.Stream(NewDelta)),
                () => Librsync.ApplyDelta(new OddStream(Old) { AsyncOnly = true }, new OddStream(NewDelta) { AsyncOnly = true, Seekable = false }),
            };
            byte[][] expected = { OldSignature, NewDelta, New, New };
            for (int i = 0; i < streams.Length; i++)
            {
                var all = new MemoryStream();
                await streams[i]().CopyToAsync(all);
                Check.Bytes(expected[i], all.ToArray(), "CopyToAsync, stream " + i);
                Check.Bytes(expected[i], ByApm(streams[i](), false), "BeginRead and EndRead, stream " + i);
                Check.Bytes(expected[i], ByApm(streams[i](), true), "BeginRead with a callback, stream " + i);
            }
        }

        public static void EndReadThrows()
        {
            var failure = new InvalidTimeZoneException();
            Stream result = Librsync.ApplyDelta(new OddStream(Old) { BeforeRead = () => { throw failure; } },
                Data.Stream(Data.Hex("72730236 46 00 4e20 00")));
            IAsyncResult pending = result.BeginRead(new byte[10], 0, 10, null, "state");
            Check.Equal("state", (string)pending.AsyncState);
            Check.True(ReferenceEquals(failure, Check.Throws<InvalidTimeZoneException>(() => result.EndRead(pending))), "the exception");
            Check.Throws<ArgumentNullException>(() => result.EndRead(null));
            Check.Throws<ArgumentException>(() => result.EndRead(Task.FromResult("other")));
        }

        public static void InputsAreNotDisposed()
        {
            OddStream old = new OddStream(Old), signature = new OddStream(OldSignature), edited = new OddStream(New), delta = new OddStream(NewDelta);
            Data.Drain(Librsync.ComputeSignature(old));
            Data.Drain(Librsync.ComputeDelta(signature, edited));
            Data.Drain(Librsync.ApplyDelta(old, delta));
            delta.Seekable = false;
            Librsync.ApplyDelta(old, delta).Dispose();
            foreach (OddStream input in new[] { old, signature, edited, delta }) Check.True(!input.Disposed, "not disposed of");
        }

        private static byte[] Slice(int start, int length)
        {
            var slice = new byte[length];
            Array.Copy(Old, start, slice, 0, length);
            return slice;
        }

        private static byte[] ByApm(Stream stream, bool withCallback)
        {
            var all = new MemoryStream();
            var buffer = new byte[10000];
            for (;;)
            {
                int length;
                if (withCallback)
                {
                    using (var called = new ManualResetEventSlim())
                    {
                        IAsyncResult given = null;
                        stream.BeginRead(buffer, 0, buffer.Length, result => { given = result; called.Set(); }, null);
                        Check.True(called.Wait(60000), "the callback is called");
                        length = stream.EndRead(given);
                    }
                }
                else
                {
                    length = stream.EndRead(stream.BeginRead(buffer, 0, buffer.Length, null, null));
                }
                if (length == 0) return all.ToArray();
                all.Write(buffer, 0, length);
            }
        }
    }
}
