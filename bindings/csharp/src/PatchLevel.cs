// How hard the making of a layered patch tries.
namespace Sigdelta
{
    /// <summary>How hard the making of a layered patch tries. Applying takes the same memory at every level.</summary>
    public enum PatchLevel
    {
        /// <summary>Small, and fast to apply.</summary>
        Default = 0,
        /// <summary>Soon done.</summary>
        Fast = 1,
        /// <summary>As small as can be: a few megabytes of changed bytes a second, both ways.</summary>
        Max = 2,
    }
}
