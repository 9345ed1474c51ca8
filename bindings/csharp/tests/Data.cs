// Files to work on, and short ways to get at bytes.
using System;
using System.Collections.Generic;
using System.IO;

namespace Sigdelta.Tests
{
    internal static class Data
    {
        internal static byte[] Bytes(Random random, int length)
        {
            var bytes = new byte[length];
            random.NextBytes(bytes);
            return bytes;
        }

        /// <summary>Now and then an empty or a tiny file.</summary>
        internal static byte[] File(Random random, int round)
        {
            return Bytes(random, random.Next(round % 10 == 0 ? 3 : 200000));
        }

        /// <summary>A copy with bytes changed, inserted, removed and moved. No run of new bytes is longer than 3000.</summary>
        internal static byte[] Edited(Random random, byte[] file)
        {
            var edited = new List<byte>(file);
            for (int edit = 0; edit < 6 && edited.Count > 200; edit++)
            {
                int at = random.Next(edited.Count - 100);
                switch (random.Next(4))
                {
                    case 0:
                        edited[at] ^= 0x55;
                        break;
                    case 1:
                        edited.InsertRange(at, Bytes(random, random.Next(500)));
                        break;
                    case 2:
                        edited.RemoveRange(at, random.Next(100));
                        break;
                    case 3:
                        List<byte> front = edited.GetRange(0, at);
                        edited.RemoveRange(0, at);
                        edited.AddRange(front);
                        break;
                }
            }
            return edited.ToArray();
        }

        /// <summary>Reads a stream in pieces of odd lengths, and disposes of it.</summary>
        internal static byte[] Drain(Stream stream)
        {
            using (stream)
            {
                var all = new MemoryStream();
                var piece = new byte[7777];
                int length;
                while ((length = stream.Read(piece, 3, piece.Length - 3)) > 0) all.Write(piece, 3, length);
                return all.ToArray();
            }
        }

        internal static MemoryStream Stream(byte[] bytes)
        {
            return new MemoryStream(bytes, false);
        }

        internal static byte[] Hex(string digits)
        {
            digits = digits.Replace(" ", "");
            var bytes = new byte[digits.Length / 2];
            for (int i = 0; i < bytes.Length; i++) bytes[i] = Convert.ToByte(digits.Substring(2 * i, 2), 16);
            return bytes;
        }

        internal static byte[] Join(params byte[][] parts)
        {
            var all = new MemoryStream();
            foreach (byte[] part in parts) all.Write(part, 0, part.Length);
            return all.ToArray();
        }

        internal static byte[] Front(byte[] bytes, int length)
        {
            var front = new byte[length];
            Array.Copy(bytes, front, length);
            return front;
        }
    }

    /// <summary>A directory that goes when it is disposed of.</summary>
    internal sealed class Scratch : IDisposable
    {
        private readonly string directory = System.IO.Path.Combine(System.IO.Path.GetTempPath(), "sigdelta-" + Guid.NewGuid());

        internal Scratch()
        {
            Directory.CreateDirectory(directory);
        }

        internal string Path(string name)
        {
            return System.IO.Path.Combine(directory, name);
        }

        internal string Write(string name, byte[] bytes)
        {
            System.IO.File.WriteAllBytes(Path(name), bytes);
            return Path(name);
        }

        internal int Count
        {
            get { return Directory.GetFileSystemEntries(directory).Length; }
        }

        public void Dispose()
        {
            Directory.Delete(directory, true);
        }
    }
}
