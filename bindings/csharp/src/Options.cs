// How the options classes become the options of the native library.
using System;

namespace Sigdelta
{
    internal interface IOptions
    {
        void WriteTo(ref NativeOptions native);
    }

    internal static class Options
    {
        /// <summary>Native options with what <paramref name="parts"/> set; a part may be null.</summary>
        internal static unsafe NativeOptions ToNative(params IOptions[] parts)
        {
            var native = new NativeOptions { Size = (UIntPtr)sizeof(NativeOptions) };
            foreach (IOptions part in parts) if (part != null) part.WriteTo(ref native);
            return native;
        }

        internal static int NotNegative(int value)
        {
            return value >= 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "Negative.");
        }

        internal static long NotNegative(long value)
        {
            return value >= 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "Negative.");
        }
    }
}
