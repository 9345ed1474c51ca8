// Bad input and bad arguments: which exception, which code, which byte.
using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using librsync.net;

namespace Sigdelta.Tests
{
    internal static class ErrorTests
    {
        private static readonly byte[] Old = Data.Bytes(new Random(10), 30000);
        private static readonly byte[] New = Data.Edited(new Random(11), Old);

        private static readonly byte[] UnknownCommand = Data.Hex("72730236 03 616263 60 00");
        private static readonly byte[] CopyFromBehind = Data.Hex("72730236 03 616263 46 00 7fff 00");

        public static void FacadeSignatures()
        {
            byte[] signature = Data.Drain(Librsync.ComputeSignature(Data.Stream(Old)));
            Action<byte[]> refused = bad =>
            {
                var exception = Check.Throws<InvalidDataException>(() => Librsync.ComputeDelta(Data.Stream(bad), new MemoryStream()));
                Check.True(exception.InnerException is SigdeltaException && exception.Message.Length > 0, "cause");
            };
            refused(new byte[0]);
            refused(Data.Front(signature, 11));
            refused(Data.Front(signature, signature.Length - 1));
            refused(Data.Hex("72730199 00000800 00000020"));
            refused(Data.Hex("72730236 00000800 00000020"));
            refused(Data.Hex("72730137 00000000 00000020"));
            refused(Data.Hex("72730137 00000800 00000021"));
            refused(Data.Hex("72730136 00000800 00000011"));
        }

        public static void FacadeDeltas()
        {
            byte[] delta = Delta.Compute(Signature.Compute(Old), New, new DeltaOptions { Trailer = Trailer.None });
            byte[][] bad =
            {
                new byte[0], Data.Hex("727302"), Data.Hex("72730137 00"), Data.Front(delta, delta.Length - 1),
                Data.Front(delta, delta.Length / 2), UnknownCommand, CopyFromBehind,
            };
            foreach (byte[] each in bad)
            {
                Check.Throws<InvalidDataException>(() => Librsync.ApplyDelta(Data.Stream(New), Data.Stream(each)));
                Stream forwardOnly = Librsync.ApplyDelta(Data.Stream(New), new OddStream(each) { Seekable = false });
                Check.Throws<InvalidDataException>(() => Data.Drain(forwardOnly));
            }
        }

        public static async Task FacadeAsync()
        {
            Stream result = Librsync.ApplyDelta(Data.Stream(Old), new OddStream(UnknownCommand) { Seekable = false });
            var buffer = new byte[10];
            Check.Equal(3, await result.ReadAsync(buffer, 0, 10), "what precedes the bad command");
            await Check.ThrowsAsync<InvalidDataException>(() => result.ReadAsync(buffer, 0, 10));
            await Check.ThrowsAsync<InvalidDataException>(() => result.ReadAsync(buffer, 0, 10));
        }

        public static void SignatureCodes()
        {
            byte[] good = Signature.Compute(Old);
            Action<Status, long?, byte[]> refused = (status, offset, bad) =>
            {
                var exceptions = new[]
                {
                    Check.Fails(status, () => SignatureIndex.Load(bad)),
                    Check.Fails(status, () => SignatureIndex.Load(Data.Stream(bad))),
                    Check.Fails(status, () => Delta.Compute(bad, New)),
                    Check.Fails(status, () => Delta.Compute(Data.Stream(bad), Data.Stream(New), new MemoryStream())),
                };
                foreach (SigdeltaException exception in exceptions) Check.Equal(offset, exception.Offset, exception.Message);
            };
            refused(Status.InputEnded, 0, new byte[0]);
            refused(Status.InputEnded, 7, Data.Front(good, 7));
            refused(Status.BadMagic, 0, Data.Hex("72730199 00000800 00000020"));
            refused(Status.Corrupt, 4, Data.Hex("72730147 00000000 00000020"));
        }

        public static void EveryCutOfASignature()
        {
            byte[] good = Signature.Compute(Data.Front(Old, 1000), new SignatureOptions { BlockLength = 500, StrongLength = 8 });
            for (int length = 0; length < good.Length; length++)
            {
                byte[] bad = Data.Front(good, length);
                if (length < 12 || (length - 12) % 12 != 0)
                    Check.Throws<SigdeltaException>(() => SignatureIndex.Load(bad).Dispose());
                else
                    SignatureIndex.Load(bad).Dispose();
            }
            byte[] stray = Data.Join(good, new byte[] { 1, 2, 3 });
            Check.Throws<SigdeltaException>(() => SignatureIndex.Load(stray));
            SignatureIndex.Load(stray, new LoadOptions { LibrsyncRules = true }).Dispose();
        }

        public static void DeltaCodes()
        {
            Action<Status, long?, byte[]> refused = (status, offset, bad) =>
            {
                var result = new MemoryStream();
                var exceptions = new[]
                {
                    Check.Fails(status, () => Delta.Apply(Old, bad)),
                    Check.Fails(status, () => Delta.Apply(Data.Stream(Old), Data.Stream(bad), result)),
                };
                foreach (SigdeltaException exception in exceptions) Check.Equal(offset, exception.Offset, exception.Message);
            };
            refused(Status.InputEnded, 0, new byte[0]);
            refused(Status.BadMagic, 0, Data.Hex("72730137 00"));
            refused(Status.Corrupt, 8, UnknownCommand);
            refused(Status.InputEnded, 8, Data.Hex("72730236 03 616263"));
        }

        public static void OutputBeforeAnErrorIsDelivered()
        {
            Stream result = Delta.OpenApply(Data.Stream(Old), Data.Stream(UnknownCommand));
            var buffer = new byte[10];
            Check.Equal(3, result.Read(buffer, 0, 10), "what precedes the bad command");
            Check.Fails(Status.Corrupt, () => result.Read(buffer, 0, 10));
            Check.Fails(Status.Corrupt, () => result.Read(buffer, 0, 10));

            var copied = new MemoryStream();
            Check.Fails(Status.Corrupt, () => Delta.Apply(Data.Stream(Old), Data.Stream(UnknownCommand), copied));
            Check.Bytes(Data.Hex("616263"), copied.ToArray());
        }

        public static void EveryCutOfADelta()
        {
            byte[] delta = Delta.Diff(Data.Front(Old, 3000), Data.Front(New, 3000));
            byte[] old = Data.Front(Old, 3000);
            for (int length = 0; length < delta.Length; length++)
            {
                byte[] bad = Data.Front(delta, length);
                // Cut exactly where the trailer starts it is a delta without a trailer.
                if (length == delta.Length - 48) Check.Bytes(Data.Front(New, 3000), Delta.Apply(old, bad));
                else Check.Throws<SigdeltaException>(() => Delta.Apply(old, bad));
            }
        }

        public static async Task WrongBasis()
        {
            byte[] delta = Delta.Diff(Old, New);
            byte[] wrong = (byte[])Old.Clone();
            for (int i = 0; i < wrong.Length; i += 100) wrong[i] ^= 1;
            Check.Fails(Status.Corrupt, () => Delta.Apply(wrong, delta));
            Check.Fails(Status.Corrupt, () => Delta.Apply(Data.Stream(wrong), Data.Stream(delta), new MemoryStream()));
            await Check.FailsAsync(Status.Corrupt, () => Delta.ApplyAsync(Data.Stream(wrong), Data.Stream(delta), new MemoryStream()));
            Check.Fails(Status.Corrupt, () => Data.Drain(Delta.OpenApply(Data.Stream(wrong), Data.Stream(delta))));
            // Without a look at the trailer it is garbage, as in librsync.
            Check.Equal(New.Length, Delta.Apply(wrong, delta, new ApplyOptions { Trailer = Trailer.None }).Length);
            Check.Equal(New.Length, Data.Drain(Librsync.ApplyDelta(Data.Stream(wrong), Data.Stream(delta))).Length);
        }

        public static void BasisTooShort()
        {
            Check.Fails(Status.InputEnded, () => Delta.Apply(Data.Front(Old, 100), CopyFromBehind));
            var result = new MemoryStream();
            Check.Fails(Status.InputEnded, () => Delta.Apply(Data.Stream(Data.Front(Old, 100)), Data.Stream(CopyFromBehind), result));
            Check.Bytes(Data.Join(Data.Hex("616263"), Data.Front(Old, 100)), result.ToArray(), "what could be copied");
            byte[] farBehind = Data.Hex("72730236 54 7fffffffffffffff 0000000000000001 00");
            Check.Throws<SigdeltaException>(() => Delta.Apply(Data.Stream(Old), Data.Stream(farBehind), new MemoryStream()));
            Check.Throws<InvalidDataException>(() => Librsync.ApplyDelta(Data.Stream(Old), Data.Stream(farBehind)));

            var exception = Check.Throws<InvalidDataException>(
                () => Librsync.ApplyDelta(Data.Stream(Data.Front(Old, 100)), Data.Stream(CopyFromBehind)));
            Check.True(exception.Message.Contains("beyond the end"), exception.Message);
            var cause = (SigdeltaException)exception.InnerException;
            Check.Equal(Status.InputEnded, cause.Status);
            Check.Equal(8L, cause.Offset.Value, "offset of the command");
            Check.Equal(exception.Message, cause.Message);
        }

        public static void FacadeOriginalBecomesShorter()
        {
            var old = new MemoryStream();
            old.Write(Old, 0, Old.Length);
            Stream result = Librsync.ApplyDelta(old, Data.Stream(Data.Hex("72730236 46 00 4e20 00")));
            old.SetLength(100);
            var exception = Check.Throws<InvalidDataException>(() => Data.Drain(result));
            Check.Equal(Status.InputEnded, ((SigdeltaException)exception.InnerException).Status);
        }

        /// <summary>A stream that was written and not rewound gets a hint, an array does not.</summary>
        public static async Task ForgottenRewinds()
        {
            const string hint = "(is the stream at its end?)";
            var signature = new MemoryStream();
            Signature.Compute(Data.Stream(Old), signature);
            var delta = new MemoryStream();
            delta.Write(UnknownCommand, 0, UnknownCommand.Length);
            var none = new MemoryStream();
            var failures = new[]
            {
                Check.Fails(Status.InputEnded, () => SignatureIndex.Load(signature)),
                Check.Fails(Status.InputEnded, () => Delta.Compute(signature, Data.Stream(New), none)),
                Check.Fails(Status.InputEnded, () => Delta.Apply(Data.Stream(Old), delta, none)),
                Check.Fails(Status.InputEnded, () => Data.Drain(Delta.OpenApply(Data.Stream(Old), delta))),
                Check.Fails(Status.InputEnded, () => Delta.ReadCommands(delta).GetEnumerator().MoveNext()),
                await Check.FailsAsync(Status.InputEnded, () => SignatureIndex.LoadAsync(signature)),
                await Check.FailsAsync(Status.InputEnded, () => Delta.ApplyAsync(Data.Stream(Old), delta, none)),
            };
            foreach (SigdeltaException failure in failures)
            {
                Check.True(failure.Message.EndsWith(hint), failure.Message);
                Check.Equal(0L, failure.Offset.Value);
            }
            Check.True(Check.Throws<InvalidDataException>(() => Librsync.ComputeDelta(signature, Data.Stream(New))).Message.EndsWith(hint), "facade");
            Check.True(Check.Throws<InvalidDataException>(() => Librsync.ApplyDelta(Data.Stream(Old), delta)).Message.EndsWith(hint), "facade");

            foreach (SigdeltaException failure in new[]
            {
                Check.Fails(Status.InputEnded, () => SignatureIndex.Load(new byte[0])),
                Check.Fails(Status.InputEnded, () => SignatureIndex.Load(Data.Stream(Data.Hex("7273")))),
                Check.Fails(Status.InputEnded, () => Delta.Apply(Data.Stream(new byte[10]), Data.Stream(CopyFromBehind), new MemoryStream())),
            })
                Check.True(!failure.Message.Contains(hint), failure.Message);
        }

        public static void Trailers()
        {
            byte[] bare = Delta.Diff(Old, New, null, new DeltaOptions { Trailer = Trailer.None });
            byte[] trailed = Delta.Diff(Old, New, null, new DeltaOptions { Trailer = Trailer.Required });
            Check.Equal(bare.Length + 48, trailed.Length);
            var required = new ApplyOptions { Trailer = Trailer.Required };
            Check.Bytes(New, Delta.Apply(Old, trailed, required));
            Check.Throws<SigdeltaException>(() => Delta.Apply(Old, bare, required));
            Check.Throws<SigdeltaException>(() => Delta.Apply(Data.Stream(Old), Data.Stream(bare), new MemoryStream(), required));
            byte[] stray = Data.Join(bare, new byte[] { 9 });
            Check.Throws<SigdeltaException>(() => Delta.Apply(Old, stray));
            Check.Bytes(New, Delta.Apply(Old, stray, new ApplyOptions { Trailer = Trailer.None }));
        }

        public static void Limits()
        {
            byte[] signature = Signature.Compute(Old);
            byte[] delta = Delta.Diff(Old, New);
            var exact = new ApplyOptions { MaxOutputBytes = New.Length };
            var tooFew = new ApplyOptions { MaxOutputBytes = New.Length - 1 };
            Check.Bytes(New, Delta.Apply(Old, delta, exact));
            Check.Fails(Status.LimitReached, () => Delta.Apply(Old, delta, tooFew));
            Delta.Apply(Data.Stream(Old), Data.Stream(delta), new MemoryStream(), exact);
            var result = new MemoryStream();
            Check.Fails(Status.LimitReached, () => Delta.Apply(Data.Stream(Old), Data.Stream(delta), result, tooFew));
            Check.True(result.Length < New.Length, "no more than the limit");

            SignatureIndex.Load(signature, new LoadOptions { MaxSignatureBytes = signature.Length }).Dispose();
            var shorter = new DeltaOptions { MaxSignatureBytes = signature.Length - 1 };
            Check.Fails(Status.LimitReached, () => SignatureIndex.Load(signature, shorter));
            Check.Fails(Status.LimitReached, () => SignatureIndex.Load(Data.Stream(signature), shorter));
            Check.Fails(Status.LimitReached, () => Delta.Compute(signature, New, shorter));

            Delta.Compute(signature, New, new DeltaOptions { MaxMemoryBytes = 64 << 20 });
            var tiny = new DeltaOptions { MaxMemoryBytes = 1000 };
            Check.Fails(Status.LimitReached, () => Delta.Compute(signature, New, tiny));
            Check.Fails(Status.LimitReached, () => Delta.Compute(Data.Stream(signature), Data.Stream(New), new MemoryStream(), tiny));
        }

        public static void Parameters()
        {
            // What no signature can have: when it is set.
            Action<string, Action> refused = (name, set) =>
                Check.Equal(name, Check.Throws<ArgumentOutOfRangeException>(set).ParamName, "name");
            refused("BlockLength", () => new SignatureOptions { BlockLength = -1 });
            refused("StrongLength", () => new SignatureOptions { StrongLength = -2 });
            refused("StrongLength", () => new SignatureOptions { StrongLength = 33 });
            refused("Kind", () => new SignatureOptions { Kind = (SignatureKind)1 });
            refused("Threads", () => new SignatureOptions { Threads = -1 });
            refused("Threads", () => new LoadOptions { Threads = -1 });
            refused("MaxSignatureBytes", () => new LoadOptions { MaxSignatureBytes = -1 });
            refused("MaxMemoryBytes", () => new DeltaOptions { MaxMemoryBytes = long.MinValue });
            refused("MaxOutputBytes", () => new ApplyOptions { MaxOutputBytes = -1 });
            refused("Trailer", () => new DeltaOptions { Trailer = (Trailer)9 });
            refused("Trailer", () => new ApplyOptions { Trailer = (Trailer)(-1) });
            refused("basisLength", () => Signature.Parameters(-1));

            // What does not go together: when it is used.
            var tooLong = new SignatureOptions { Kind = SignatureKind.RollsumMd4, StrongLength = 17 };
            Check.Fails(Status.ParamError, () => Signature.Compute(Old, tooLong));
            Check.Fails(Status.ParamError, () => Signature.OpenRead(Data.Stream(Old), tooLong));
            Check.Fails(Status.ParamError, () => Signature.Parameters(1000, tooLong));
            Check.Fails(Status.ParamError, () => Delta.Diff(Old, New, tooLong));
            tooLong.StrongLength = 16;
            Signature.Compute(Old, tooLong);
        }

        public static void Numbers()
        {
            Check.Equal(102, (int)Status.OutOfMemory);
            Check.Equal(109, (int)Status.Cancelled);
            Check.Equal(110, (int)Status.LimitReached);
        }

        public static void Arguments()
        {
            var stream = new MemoryStream();
            Check.Throws<ArgumentNullException>(() => Signature.Compute((byte[])null));
            Check.Throws<ArgumentNullException>(() => Signature.Compute(null, stream));
            Check.Throws<ArgumentNullException>(() => Signature.Compute(stream, null));
            Check.Throws<ArgumentNullException>(() => Signature.Compute("a", null));
            Check.Throws<ArgumentNullException>(() => Delta.Compute((SignatureIndex)null, stream, stream));
            Check.Throws<ArgumentNullException>(() => Delta.Compute((SignatureIndex)null, New));
            Check.Throws<ArgumentNullException>(() => Delta.Compute((SignatureIndex)null, "a", "b"));
            Check.Throws<ArgumentNullException>(() => SignatureIndex.Load((string)null));
            Check.Throws<ArgumentNullException>(() => Delta.Apply(Old, null));
            Check.Throws<ArgumentNullException>(() => Delta.ReadCommands(null));
            Check.Throws<ArgumentNullException>(() => Librsync.ComputeSignature(null));
            Check.Throws<ArgumentNullException>(() => Librsync.ComputeDelta(stream, null));
            Check.Throws<ArgumentNullException>(() => Librsync.ApplyDelta(null, stream));
            Check.Throws<ArgumentException>(() => Signature.Compute("", "b"));
            Check.Throws<ArgumentException>(() => Signature.Compute("a\0b", "c"));
            Check.Throws<ArgumentException>(() => Signature.Compute("a\ud800", "c"));
            Check.Throws<ArgumentException>(() => Signature.Compute(Data.Stream(Old), Data.Stream(New)));
            Stream signature = Signature.OpenRead(Data.Stream(Old));
            Check.Throws<ArgumentNullException>(() => signature.Read(null, 0, 1));
            Check.Throws<ArgumentOutOfRangeException>(() => signature.Read(Old, -1, 1));
            Check.Throws<ArgumentOutOfRangeException>(() => signature.Read(Old, 0, -1));
            Check.Throws<ArgumentException>(() => signature.Read(Old, Old.Length, 1));
            Check.Equal(0, signature.Read(Old, Old.Length, 0));
        }

        /// <summary>The text of an error belongs to the thread that got it.</summary>
        public static void TextsPerThread()
        {
            Exception failed = null;
            var threads = new Thread[4];
            for (int i = 0; i < threads.Length; i++)
            {
                byte[] bad = i % 2 == 0 ? UnknownCommand : Data.Hex("72730137 00");
                Status status = i % 2 == 0 ? Status.Corrupt : Status.BadMagic;
                string text = Check.Fails(status, () => Delta.Apply(Old, bad)).Message;
                threads[i] = new Thread(() =>
                {
                    try
                    {
                        for (int round = 0; round < 500; round++)
                            Check.Equal(text, Check.Fails(status, () => Delta.Apply(Old, bad)).Message);
                    }
                    catch (Exception exception)
                    {
                        failed = exception;
                    }
                });
            }
            foreach (Thread thread in threads) thread.Start();
            foreach (Thread thread in threads) thread.Join();
            Check.True(failed == null, "" + failed);
        }
    }
}
