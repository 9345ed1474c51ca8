// What is to be done about the trailer of a delta.
namespace Sigdelta
{
    /// <summary>
    /// The trailer behind a delta: length and BLAKE2b-256 of the result, by which a patch knows whether the
    /// result is right. librsync does not look at it.
    /// </summary>
    public enum Trailer
    {
        /// <summary>
        /// Deltas get one. A patch verifies its result if there is one, and refuses other bytes behind a delta.
        /// </summary>
        Auto = 0,
        /// <summary>
        /// Deltas get none: they are librsync's, byte for byte. A patch does not look behind the delta.
        /// </summary>
        None = 1,
        /// <summary>Deltas get one. A patch refuses a delta without.</summary>
        Required = 2,
    }
}
