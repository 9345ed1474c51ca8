// The system this runs on, and whether the native library is there.
using System;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;

namespace Sigdelta
{
    internal static class Platform
    {
        private static bool found;

        internal static readonly bool IsWindows = Path.DirectorySeparatorChar == '\\';

        /// <summary>To be called before any other call of the library: says where it should be if it is not there.</summary>
        internal static void RequireLibrary()
        {
            if (Volatile.Read(ref found)) return;
            try
            {
                NativeMethods.sigdelta_error_errno(); // does nothing
            }
            catch (DllNotFoundException exception)
            {
                throw new DllNotFoundException(Missing(), exception);
            }
            Volatile.Write(ref found, true);
        }

        private static string Missing()
        {
            string file = "libsigdelta.so", variable = "LD_LIBRARY_PATH";
            if (IsWindows)
            {
                file = "sigdelta.dll";
                variable = "PATH";
            }
            else if (RuntimeInformation.IsOSPlatform(OSPlatform.OSX))
            {
                file = "libsigdelta.dylib";
                variable = "DYLD_LIBRARY_PATH";
            }
            string value = Environment.GetEnvironmentVariable(variable);
            return "The native library " + file + " cannot be loaded. Searched: the directory of Sigdelta.dll; "
                + "that of the program, " + AppContext.BaseDirectory + "; " + variable + ", which is "
                + (string.IsNullOrEmpty(value) ? "not set" : "\"" + value + "\"")
                + "; the directories of the system. It must be built for the same kind of processor as this process.";
        }
    }
}
