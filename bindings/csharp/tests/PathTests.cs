// Whole files by path: statistics, names, and outputs that appear complete or not at all.
using System;
using System.IO;

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
                using (SignatureIndex index = SignatureIndex.Load(signature)) Check.Equal(782L, index.Blocks);
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
                string missing = scratch.Path("missing");
                var exception = Check.Fails(Status.IOError, () => Signature.Compute(missing, scratch.Path("signature")));
                Check.True(exception.Message.Contains(missing), "the message names the file: " + exception.Message);
                Check.Equal(null, exception.Offset);
                Check.Fails(Status.IOError, () => Delta.Compute(missing, missing, scratch.Path("delta")));
                Check.Fails(Status.IOError, () => Delta.Apply(missing, missing, scratch.Path("result")));
                Check.Fails(Status.IOError, () => Signature.Compute(scratch.Write("old", Old), scratch.Path("no/such/directory")));
                Check.Throws<FileNotFoundException>(() => SignatureIndex.Load(missing));
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
