// How the options classes become the options of the native library.
using System;
using System.Runtime.CompilerServices;

namespace Sigdelta
{
    internal interface IOptions
    {
        void WriteTo(ref NativeOptions native);
    }

    internal static class Options
    {
        /// <summary>
        /// Native options with what <paramref name="parts"/> set; a part may be null. Comes first in all that is
        /// done with the library, and so finds out whether it is there.
        /// </summary>
        internal static unsafe NativeOptions ToNative(params IOptions[] parts)
        {
            Platform.RequireLibrary();
            var native = new NativeOptions { Size = (UIntPtr)sizeof(NativeOptions) };
            foreach (IOptions part in parts) if (part != null) part.WriteTo(ref native);
            return native;
        }

        /// <summary>The checked value of a property, whose name the compiler fills in.</summary>
        internal static int NotNegative(int value, [CallerMemberName] string name = null)
        {
            return (int)NotNegative((long)value, name);
        }

        /// <summary>The checked value of a property, whose name the compiler fills in.</summary>
        internal static long NotNegative(long value, [CallerMemberName] string name = null)
        {
            return value >= 0 ? value : throw new ArgumentOutOfRangeException(name, value, "It cannot be negative.");
        }

        /// <summary>The checked value of a property, whose name the compiler fills in.</summary>
        internal static T Defined<T>(T value, bool isDefined, [CallerMemberName] string name = null) where T : struct
        {
            return isDefined
                ? value
                : throw new ArgumentOutOfRangeException(name, value, "There is no such " + typeof(T).Name + ".");
        }
    }
}
