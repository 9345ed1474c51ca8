// What is known about the native library that was loaded.
using System;
using System.Text;

namespace Sigdelta
{
    /// <summary>The native library behind this assembly.</summary>
    public static class Library
    {
        /// <summary>Version of the native library, as "0.1.0".</summary>
        public static string Version
        {
            get
            {
                Platform.RequireLibrary();
                return NativeText.Read(NativeMethods.sigdelta_version());
            }
        }

        /// <summary>Version of the native library as a number: major × 1000000 + minor × 1000 + patch.</summary>
        public static int VersionNumber
        {
            get
            {
                Platform.RequireLibrary();
                return checked((int)NativeMethods.sigdelta_version_number());
            }
        }

        /// <summary>Whether the native library has a feature, as "librsync", "trailer", "files" or "layered".</summary>
        public static bool HasFeature(string name)
        {
            if (name == null) throw new ArgumentNullException(nameof(name));
            Platform.RequireLibrary();
            return NativeMethods.sigdelta_has_feature(Encoding.UTF8.GetBytes(name + "\0")) != 0;
        }
    }
}
