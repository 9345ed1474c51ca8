// The result codes of the library.
namespace Sigdelta
{
    /// <summary>Why an operation failed. The numbers are those of librsync where it has one for the case.</summary>
    public enum Status
    {
        /// <summary>Nothing failed.</summary>
        Ok = 0,
        /// <summary>A file could not be opened, read or written.</summary>
        IOError = 100,
        /// <summary>There was not enough memory.</summary>
        OutOfMemory = 102,
        /// <summary>The input, or the basis that a delta copies from, ends too early.</summary>
        InputEnded = 103,
        /// <summary>The input is no signature, no delta or no layered patch.</summary>
        BadMagic = 104,
        /// <summary>The input is damaged, the basis is the wrong one, or the result is not the one the delta was made for.</summary>
        Corrupt = 106,
        /// <summary>A defect of the library.</summary>
        InternalError = 107,
        /// <summary>An argument or option has a value that cannot be used.</summary>
        ParamError = 108,
        /// <summary>The operation was cancelled.</summary>
        Cancelled = 109,
        /// <summary>A limit set in the options was reached.</summary>
        LimitReached = 110,
    }
}
