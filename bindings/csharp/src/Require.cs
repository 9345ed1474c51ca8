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

        internal static void Writable(Stream stream, string name)
        {
            NotNull(stream, name);
            if (!stream.CanWrite) throw new ArgumentException("The stream cannot be written.", name);
        }
    }
}
