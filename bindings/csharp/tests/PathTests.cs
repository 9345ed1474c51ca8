// Whole files by path: statistics, names, and outputs that appear complete or not at all.
using System;
using System.IO;
using System.Threading;

namespace Sigdelta.Tests
{
    internal static class PathTests
    {
        private static readonly byte[] Old = Data.Bytes(new Random(60), 400000);
        private static readonly byte[] New = Data.Edited(new Random(61), Old);

        public static void ThereAndBack()
        {
            using (var scratch = new Scratch())
            {
                string old = scratch.Write("old", Old), edited = scratch.Write("new", New);
                string signature = scratch.Path("signature"), delta = scratch.Path("delta"), result = scratch.Path("result");

                Statistics made = Signature.Compute(old, signature);
                Check.Bytes(Signature.Compute(Old), File.ReadAllBytes(signature));
                Check.Equal(512L, made.BlockLength);
                Check.Equal(782L, made.Blocks);
                Check.Equal((long)Old.Length, made.InBytes);
                Check.Equal(12L + 782 * 36, made.OutBytes);

                Statistics found = Delta.Compute(signature, edited, delta);
                Check.Bytes(Delta.Diff(Old, New), File.ReadAllBytes(delta));
                Check.Equal((long)New.Length, found.LiteralBytes + found.CopyBytes);
                Check.True(found.Searches >= found.Matches && found.Matches >= found.CopyCommands && found.CopyCommands > 0, "counts");
                Check.Equal(new FileInfo(delta).Length, found.OutBytes);
                Check.Equal(found.OutBytes, 4 + found.LiteralCommandBytes + found.LiteralBytes + found.CopyCommandBytes + 1 + 48);

                Statistics applied = Delta.Apply(old, delta, result, new ApplyOptions { Trailer = Trailer.Required });
                Check.Bytes(New, File.ReadAllBytes(result));
                Check.True(applied.HasTrailer && applied.Verified, "verified");
                Check.Equal(found.LiteralBytes, applied.LiteralBytes);
                Check.Equal(found.CopyCommands, applied.CopyCommands);

                Delta.Diff(old, edited, delta, new SignatureOptions { BlockLength = 300 }, new DeltaOptions { Trailer = Trailer.None });
                Check.True(!Delta.Apply(old, delta, result).Verified, "nothing to verify by");
            }
        }

        public static void OneIndexManyFiles()
        {
            using (var scratch = new Scratch())
            {
                string signature = scratch.Write("signature", Signature.Compute(Old)), delta = scratch.Path("delta");
                using (SignatureIndex index = SignatureIndex.Load(signature))
                {
                    Check.Equal(782L, index.Blocks);
                    Statistics found = Delta.Compute(index, scratch.Write("new", New), delta);
                    Check.Bytes(Delta.Diff(Old, New), File.ReadAllBytes(delta));
                    Check.Equal((long)New.Length, found.LiteralBytes + found.CopyBytes);
                    Delta.Compute(index, scratch.Write("new", Old), delta, new DeltaOptions { Trailer = Trailer.None });
                    Check.Bytes(Delta.Diff(Old, Old, null, new DeltaOptions { Trailer = Trailer.None }), File.ReadAllBytes(delta));
                    Check.Fails(Status.LimitReached,
                        () => Delta.Compute(index, signature, delta, new DeltaOptions { MaxMemoryBytes = 1000 }));
                }
                Check.Fails(Status.LimitReached, () => SignatureIndex.Load(signature, new LoadOptions { MaxSignatureBytes = 1000 }));
                Check.Fails(Status.BadMagic, () => SignatureIndex.Load(delta));
                Check.Throws<OperationCanceledException>(() => SignatureIndex.Load(signature, null, new CancellationToken(true)));
                Check.Throws<ArgumentException>(() => SignatureIndex.Load(""));
            }
        }

        public static void FailuresLeaveNothing()
        {
            using (var scratch = new Scratch())
            {
                byte[] wrong = (byte[])Old.Clone();
                wrong[1000] ^= 1;
                string old = scratch.Write("old", wrong), delta = scratch.Write("delta", Delta.Diff(Old, Old));
                string kept = scratch.Write("kept", new byte[] { 1, 2 });
                Check.Fails(Status.Corrupt, () => Delta.Apply(old, delta, kept));
                Check.Fails(Status.Corrupt, () => Delta.Apply(old, delta, scratch.Path("fresh")));
                Check.Fails(Status.LimitReached, () => Delta.Apply(old, delta, kept, new ApplyOptions { MaxOutputBytes = 1000 }));
                Check.Fails(Status.BadMagic, () => Delta.Compute(delta, old, kept));
                Check.Bytes(new byte[] { 1, 2 }, File.ReadAllBytes(kept));
                Check.Equal(3, scratch.Count, "files");
            }
        }

        public static void MissingFiles()
        {
            using (var scratch = new Scratch())
            {
                string old = scratch.Write("old", Old), signature = scratch.Write("signature", Signature.Compute(Old));
                string output = scratch.Path("output"), nowhere = scratch.Path("no/such/directory");
                Action<string, Action> misses = (path, action) =>
                {
                    var exception = Check.Throws<FileNotFoundException>(action);
                    Check.True(exception.Message.StartsWith(path), "the message names the file: " + exception.Message);
                    Check.Equal(path, exception.FileName, "file");
                    var cause = (SigdeltaException)exception.InnerException;
                    Check.Equal(Status.IOError, cause.Status);
                    Check.Equal(2, cause.Errno, "errno");
                    Check.Equal(null, cause.Offset);
                };
                string missing = scratch.Path("missing");
                misses(missing, () => Signature.Compute(missing, output));
                misses(missing, () => Delta.Compute(missing, old, output));
                misses(missing, () => Delta.Compute(signature, missing, output));
                misses(missing, () => Delta.Diff(missing, old, output));
                misses(missing, () => Delta.Apply(missing, old, output));
                misses(missing, () => Delta.Apply(old, missing, output));
                misses(missing, () => SignatureIndex.Load(missing));
                misses(nowhere, () => Signature.Compute(old, nowhere));
                using (SignatureIndex index = SignatureIndex.Load(signature))
                {
                    misses(missing, () => Delta.Compute(index, missing, output));
                    misses(nowhere, () => Delta.Compute(index, old, nowhere));
                }
                Check.Equal(2, scratch.Count, "files");
            }
        }

        public static void DeniedFiles()
        {
            using (var scratch = new Scratch())
            {
                const string denied = "/sys/sigdelta"; // refused to root, too
                string old = scratch.Write("old", Old);
                if (!Directory.Exists("/sys")) throw new SkipException("there is no /sys");
                UnauthorizedAccessException exception;
                try
                {
                    exception = Check.Throws<UnauthorizedAccessException>(() => Signature.Compute(old, denied));
                }
                catch (SigdeltaException other) when (other.Errno == 30) // EROFS
                {
                    throw new SkipException("/sys is read-only");
                }
                Check.True(exception.Message.StartsWith(denied), "the message names the file: " + exception.Message);
                var cause = (SigdeltaException)exception.InnerException;
                Check.Equal(Status.IOError, cause.Status);
                Check.True(cause.Errno == 13 || cause.Errno == 1, "errno " + cause.Errno);
            }
        }

        public static void OtherErrorsOfTheSystem()
        {
            using (var scratch = new Scratch())
            {
                string directory = Path.GetDirectoryName(scratch.Path("old")), old = scratch.Write("old", Old);
                var exception = Check.Fails(Status.IOError, () => Signature.Compute(directory, scratch.Path("signature")));
                Check.Equal(21, exception.Errno, "EISDIR");
                Check.Equal(21, Check.Fails(Status.IOError, () => SignatureIndex.Load(directory)).Errno, "EISDIR");
                Check.Equal(0, Check.Fails(Status.IOError, () => Delta.Diff(old, old, old)).Errno, "not the system's");
                Check.Equal(0, Check.Fails(Status.BadMagic, () => SignatureIndex.Load(old)).Errno, "not the system's");
            }
        }

        public static void NamesInUnicode()
        {
            using (var scratch = new Scratch())
            {
                string old = scratch.Write("alt – 旧 \U0001F4C4", Old), delta = scratch.Path("δ 'x\" y");
                Delta.Diff(old, scratch.Write("neu ü", New), delta);
                Check.True(File.Exists(delta), "the file is where it should be");
                string result = scratch.Write("результат", Old);
                Delta.Apply(old, delta, result);
                Check.Bytes(New, File.ReadAllBytes(result));
                var exception = Check.Fails(Status.IOError, () => Delta.Apply(old, delta, old));
                Check.True(exception.Message.Contains(old), "the message names the file: " + exception.Message);
            }
        }
    }
}
