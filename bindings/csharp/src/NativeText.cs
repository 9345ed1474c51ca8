// Strings to and from the library: UTF-8 that ends with a NUL.
using System;
using System.Text;

namespace Sigdelta
{
    internal static class NativeText
    {
        /// <summary>Refuses what UTF-8 cannot express, so that no other file than the one named is touched.</summary>
        private static readonly UTF8Encoding Strict = new UTF8Encoding(false, true);

        internal static unsafe string Read(IntPtr text)
        {
            var start = (byte*)text;
            if (start == null) return "";
            int length = 0;
            while (start[length] != 0) length++;
            return length == 0 ? "" : Encoding.UTF8.GetString(start, length);
        }

        internal static byte[] Path(string path, string parameterName)
        {
            if (path == null) throw new ArgumentNullException(parameterName);
            if (path.Length == 0) throw new ArgumentException("The path is empty.", parameterName);
            if (path.IndexOf('\0') >= 0) throw new ArgumentException("The path contains a NUL.", parameterName);
            return Strict.GetBytes(path + "\0");
        }
    }
}
