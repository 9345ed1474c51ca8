// Against librsync's command: the same bytes for the same parameters, and each applies the other's deltas.
using System;
using System.Diagnostics;
using System.IO;
using librsync.net;

namespace Sigdelta.Tests
{
    internal static class RdiffTests
    {
        public static void SameBytes()
        {
            var random = new Random(4);
            foreach (SignatureKind kind in Enum.GetValues(typeof(SignatureKind)))
                foreach (int blockLength in new[] { 512, 2048, 1000 })
                    foreach (int strongLength in new[] { 8, 16, 0 })
                        using (var scratch = new Scratch())
                        {
                            byte[] old = Data.Bytes(random, 1 + random.Next(150000));
                            byte[] edited = Data.Edited(random, old);
                            string oldPath = scratch.Write("old", old), newPath = scratch.Write("new", edited);
                            string signaturePath = scratch.Path("signature"), deltaPath = scratch.Path("delta");
                            Rdiff("-b", blockLength.ToString(), "-S", strongLength.ToString(),
                                "-R", kind <= SignatureKind.RollsumBlake2b ? "rollsum" : "rabinkarp",
                                "-H", ((int)kind & 1) == 0 ? "md4" : "blake2", "signature", oldPath, signaturePath);
                            Rdiff("delta", signaturePath, newPath, deltaPath);
                            byte[] signature = File.ReadAllBytes(signaturePath), delta = File.ReadAllBytes(deltaPath);

                            var options = new SignatureOptions { Kind = kind, BlockLength = blockLength, StrongLength = strongLength };
                            var settings = new SignatureJobSettings
                            {
                                MagicNumber = (MagicNumber)kind, BlockLength = blockLength, StrongSumLength = strongLength,
                            };
                            var untrailed = new DeltaOptions { Trailer = Trailer.None };
                            Check.Bytes(signature, Signature.Compute(old, options), "signature");
                            Check.Bytes(signature, Data.Drain(Signature.OpenRead(Data.Stream(old), options)), "streamed signature");
                            Check.Bytes(signature, Data.Drain(Librsync.ComputeSignature(Data.Stream(old), settings)), "facade's signature");
                            Check.Bytes(delta, Delta.Compute(signature, edited, untrailed), "delta");
                            Check.Bytes(delta, Data.Drain(Librsync.ComputeDelta(Data.Stream(signature), Data.Stream(edited))), "facade's delta");
                            Check.Bytes(edited, Delta.Apply(old, delta), "result");
                            Check.Bytes(edited, Data.Drain(Librsync.ApplyDelta(Data.Stream(old), Data.Stream(delta))), "facade's result");
                        }
        }

        public static void FacadeDefaults()
        {
            using (var scratch = new Scratch())
            {
                byte[] old = Data.Bytes(new Random(5), 30000);
                Rdiff("-b", "2048", "-S", "32", "-R", "rollsum", "-H", "blake2", "signature",
                    scratch.Write("old", old), scratch.Path("signature"));
                Check.Bytes(File.ReadAllBytes(scratch.Path("signature")), Data.Drain(Librsync.ComputeSignature(Data.Stream(old))));
            }
        }

        public static void RecommendedLengths()
        {
            var random = new Random(6);
            foreach (int length in new[] { 0, 1, 65536, 65537, 400000, 3000000 })
                using (var scratch = new Scratch())
                {
                    byte[] old = Data.Bytes(random, length);
                    Rdiff("signature", scratch.Write("old", old), scratch.Path("signature"));
                    Check.Bytes(File.ReadAllBytes(scratch.Path("signature")), Signature.Compute(old), "signature of " + length);
                    Rdiff("-S", "-1", "signature", scratch.Path("old"), scratch.Path("short"));
                    var options = new SignatureOptions { StrongLength = SignatureOptions.MinimumStrongLength };
                    Check.Bytes(File.ReadAllBytes(scratch.Path("short")), Signature.Compute(old, options), "short signature of " + length);
                }
        }

        public static void RdiffAppliesOurs()
        {
            var random = new Random(7);
            for (int round = 0; round < 10; round++)
                using (var scratch = new Scratch())
                {
                    byte[] old = Data.File(random, round);
                    byte[] edited = Data.Edited(random, old);
                    Rdiff("patch", scratch.Write("old", old), scratch.Write("delta", Delta.Diff(old, edited)), scratch.Path("result"));
                    Check.Bytes(edited, File.ReadAllBytes(scratch.Path("result")));
                }
        }

        private static void Rdiff(params string[] arguments)
        {
            string command = Environment.GetEnvironmentVariable("RDIFF");
            if (string.IsNullOrEmpty(command)) throw new SkipException("RDIFF is not set");
            var start = new ProcessStartInfo(command, "\"" + string.Join("\" \"", arguments) + "\"") { UseShellExecute = false };
            using (Process process = Process.Start(start))
            {
                process.WaitForExit();
                Check.Equal(0, process.ExitCode, "exit status of rdiff " + string.Join(" ", arguments));
            }
        }
    }
}
