// Checks of arguments.
using System;
using System.IO;

namespace Sigdelta
{
    internal static class Require
    {
        internal static void NotNull(object argument, string name)
        {
            if (argument == null) throw new ArgumentNullException(name);
        }

        internal static void Readable(Stream stream, string name)
        {
            NotNull(stream, name);
            if (!stream.CanRead) throw new ArgumentException("The stream cannot be read.", name);
        }

        internal static void Seekable(Stream stream, string name)
        {
            Readable(stream, name);
            if (!stream.CanSeek) throw new ArgumentException("The stream cannot seek.", name);
        }

        internal static void Writable(Stream stream, string name)
        {
            NotNull(stream, name);
            if (!stream.CanWrite) throw new ArgumentException("The stream cannot be written.", name);
        }

        /// <summary>Bytes from the position of a stream to its end, or null if that is not known.</summary>
        internal static long? Remaining(Stream stream)
        {
            return stream.CanSeek ? (long?)Math.Max(0, stream.Length - stream.Position) : null;
        }
    }
}
