/* LIBRSYNC_EXPORT: how the symbols of librsync are declared.
 *
 * Define LIBRSYNC_STATIC_DEFINE to link the static library on Windows. */
#ifndef LIBRSYNC_EXPORT_H
#define LIBRSYNC_EXPORT_H

#if defined(LIBRSYNC_STATIC_DEFINE)
#  define LIBRSYNC_EXPORT
#elif defined(_WIN32)
#  if defined(rsync_EXPORTS)
#    define LIBRSYNC_EXPORT __declspec(dllexport)
#  else
#    define LIBRSYNC_EXPORT __declspec(dllimport)
#  endif
#elif defined(__GNUC__)
#  define LIBRSYNC_EXPORT __attribute__((visibility("default")))
#else
#  define LIBRSYNC_EXPORT
#endif

#endif /* LIBRSYNC_EXPORT_H */
