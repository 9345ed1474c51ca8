// The magic numbers of librsync's files, by the names librsync.net gives them.
namespace librsync.net
{
    /// <summary>The first four bytes of a file of librsync.</summary>
    public enum MagicNumber
    {
        /// <summary>A signature of rollsums and BLAKE2b.</summary>
        Blake2Signature = 0x72730137,
        /// <summary>A signature of rollsums and MD4.</summary>
        Md4MagicNumber = 0x72730136,
        /// <summary>A signature of RabinKarp sums and BLAKE2b. Not known to librsync.net.</summary>
        RabinKarpBlake2Signature = 0x72730147,
        /// <summary>A signature of RabinKarp sums and MD4. Not known to librsync.net.</summary>
        RabinKarpMd4Signature = 0x72730146,
        /// <summary>A delta.</summary>
        Delta = 0x72730236,
    }
}
