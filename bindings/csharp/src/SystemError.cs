// The system's error numbers that .NET has exceptions for.
namespace Sigdelta
{
    internal static class SystemError
    {
        // errno of Linux and macOS
        private const int EPerm = 1, ENoEnt = 2, EAcces = 13;
        // error codes of Windows
        private const int FileNotFound = 2, PathNotFound = 3, AccessDenied = 5;

        /// <summary>There is no such file or directory.</summary>
        internal static bool IsMissing(int errno)
        {
            return Platform.IsWindows ? errno == FileNotFound || errno == PathNotFound : errno == ENoEnt;
        }

        /// <summary>The file may not be used so.</summary>
        internal static bool IsDenied(int errno)
        {
            return Platform.IsWindows ? errno == AccessDenied : errno == EPerm || errno == EAcces;
        }
    }
}
