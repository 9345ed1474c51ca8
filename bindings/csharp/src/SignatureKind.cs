// The kinds of signatures.
namespace Sigdelta
{
    /// <summary>
    /// Which sums a signature consists of. The numbers are the magic numbers in its first four bytes.
    /// </summary>
    public enum SignatureKind
    {
        /// <summary>Rolling sum of rsync, MD4: what librsync wrote before 1.0. Not safe against forged files.</summary>
        RollsumMd4 = 0x72730136,
        /// <summary>Rolling sum of rsync, BLAKE2b: what librsync 1.0 to 2.1 wrote, and librsync.net.</summary>
        RollsumBlake2b = 0x72730137,
        /// <summary>RabinKarp sum, MD4. Not safe against forged files.</summary>
        RabinKarpMd4 = 0x72730146,
        /// <summary>RabinKarp sum, BLAKE2b: the default, as in librsync since 2.2.</summary>
        RabinKarpBlake2b = 0x72730147,
    }
}
