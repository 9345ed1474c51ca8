// All four kinds of signatures, made and read by both APIs; parameters and what the library says of itself.
using System;
using System.IO;
using librsync.net;

namespace Sigdelta.Tests
{
    internal static class KindTests
    {
        /// <summary>The signatures of "Hello, world!" that docs/formats.md shows, and two more of that file.</summary>
        public static void KnownSignatures()
        {
            byte[] file = System.Text.Encoding.ASCII.GetBytes("Hello, world!");
            Check.Bytes(Data.Hex("72730136 00000800 00000008 2b56061c 0abe9ee1f376caa1"), Make(file, SignatureKind.RollsumMd4));
            Check.Bytes(Data.Hex("72730137 00000800 00000008 2b56061c b5da441cfe72ae04"), Make(file, SignatureKind.RollsumBlake2b));
            Check.Bytes(Data.Hex("72730146 00000800 00000008 f787ba2e 0abe9ee1f376caa1"), Make(file, SignatureKind.RabinKarpMd4));
            Check.Bytes(Data.Hex("72730147 00000800 00000008 f787ba2e b5da441cfe72ae04"), Make(file, SignatureKind.RabinKarpBlake2b));
        }

        public static void FacadeReadsAll()
        {
            byte[] old = Data.Bytes(new Random(8), 20000);
            foreach (SignatureKind kind in Enum.GetValues(typeof(SignatureKind)))
            {
                byte[] signature = Signature.Compute(old, new SignatureOptions { Kind = kind, BlockLength = 1000 });
                byte[] delta = Data.Drain(Librsync.ComputeDelta(Data.Stream(signature), Data.Stream(old)));
                Check.Bytes(Data.Hex("72730236 46 00 4e20 00"), delta, "delta of an unchanged file, " + kind);
            }
        }

        public static void FacadeMakesAll()
        {
            byte[] old = Data.Bytes(new Random(9), 20000);
            foreach (MagicNumber magic in new[]
            {
                MagicNumber.Blake2Signature, MagicNumber.Md4MagicNumber,
                MagicNumber.RabinKarpBlake2Signature, MagicNumber.RabinKarpMd4Signature,
            })
            {
                var settings = new SignatureJobSettings { MagicNumber = magic, BlockLength = 700, StrongSumLength = 9 };
                var options = new SignatureOptions { Kind = (SignatureKind)magic, BlockLength = 700, StrongLength = 9 };
                Check.Bytes(Signature.Compute(old, options), Data.Drain(Librsync.ComputeSignature(Data.Stream(old), settings)), "" + magic);
            }
        }

        public static void FacadeRefusesOtherSettings()
        {
            Action<MagicNumber, int, int> make = (magic, blockLength, strongLength) => Librsync.ComputeSignature(
                new MemoryStream(), new SignatureJobSettings { MagicNumber = magic, BlockLength = blockLength, StrongSumLength = strongLength });
            make(MagicNumber.Md4MagicNumber, 1, 16);
            Check.Throws<ArgumentException>(() => make(MagicNumber.Delta, 2048, 8));
            Check.Throws<ArgumentException>(() => make((MagicNumber)5, 2048, 8));
            Check.Throws<ArgumentException>(() => make(MagicNumber.Blake2Signature, -1, 8));
            Check.Throws<ArgumentException>(() => make(MagicNumber.Blake2Signature, 2048, 33));
            Check.Throws<ArgumentException>(() => make(MagicNumber.Md4MagicNumber, 2048, 17));
            Check.Equal("settings", Check.Throws<ArgumentException>(() => make(MagicNumber.Blake2Signature, 2048, 33)).ParamName);
            Check.Equal("settings", Check.Throws<ArgumentException>(() => make(MagicNumber.Md4MagicNumber, 2048, 17)).ParamName);
        }

        public static void IndexKnowsItsParameters()
        {
            var options = new SignatureOptions { Kind = SignatureKind.RabinKarpMd4, BlockLength = 300, StrongLength = 10 };
            byte[] signature = Signature.Compute(new byte[1000], options);
            using (SignatureIndex index = SignatureIndex.Load(signature))
            {
                Check.Equal(SignatureKind.RabinKarpMd4, index.Parameters.Kind);
                Check.Equal(300, index.Parameters.BlockLength);
                Check.Equal(10, index.Parameters.StrongLength);
                Check.Equal(4L, index.Blocks);
                Check.Equal((long)signature.Length, index.Parameters.SignatureLength(1000));
            }
        }

        public static void RecommendedParameters()
        {
            Check.Equal(2048, Signature.Parameters(null).BlockLength);
            Check.Equal(256, Signature.Parameters(65536).BlockLength);
            Check.Equal(896, Signature.Parameters(1000000).BlockLength);
            Check.Equal(32, Signature.Parameters(1000000).StrongLength);
            var shortest = new SignatureOptions { Kind = SignatureKind.RollsumMd4, StrongLength = SignatureOptions.MinimumStrongLength };
            Check.Equal(7, Signature.Parameters(1000000, shortest).StrongLength);
            Check.Equal(12, Signature.Parameters(null, shortest).StrongLength);
            Check.Equal(SignatureKind.RollsumMd4, Signature.Parameters(0, shortest).Kind);
            Check.Equal(12L, Signature.Parameters(0).SignatureLength(0));
            Check.Equal(12L + 36, Signature.Parameters(0).SignatureLength(256));
            Check.Equal(12L + 72, Signature.Parameters(0).SignatureLength(257));
            Check.Throws<ArgumentOutOfRangeException>(() => Signature.Parameters(-1));
        }

        public static void LibraryKnowsItself()
        {
            Check.True(Library.Version.Split('.').Length >= 3, "version " + Library.Version);
            int[] parts = Array.ConvertAll(Library.Version.Split('-')[0].Split('.'), int.Parse);
            Check.Equal(parts[0] * 1000000 + parts[1] * 1000 + parts[2], Library.VersionNumber);
            foreach (string feature in new[] { "librsync", "trailer", "files" }) Check.True(Library.HasFeature(feature), feature);
            Check.True(!Library.HasFeature("teleport"), "no such feature");
        }

        private static byte[] Make(byte[] file, SignatureKind kind)
        {
            return Signature.Compute(file, new SignatureOptions { Kind = kind, BlockLength = 2048, StrongLength = 8 });
        }
    }
}
