// What tests assert.
using System;
using System.Collections.Generic;
using System.Threading.Tasks;

namespace Sigdelta.Tests
{
    internal sealed class SkipException : Exception
    {
        internal SkipException(string reason) : base(reason) { }
    }

    internal static class Check
    {
        internal static void True(bool condition, string what)
        {
            if (!condition) throw new Exception("not so: " + what);
        }

        internal static void Equal<T>(T expected, T actual, string what = "value")
        {
            if (!EqualityComparer<T>.Default.Equals(expected, actual))
                throw new Exception(what + ": expected " + expected + ", got " + actual);
        }

        internal static void Bytes(byte[] expected, byte[] actual, string what = "bytes")
        {
            int at = 0;
            while (at < expected.Length && at < actual.Length && expected[at] == actual[at]) at++;
            if (at < expected.Length || at < actual.Length)
                throw new Exception(what + ": " + expected.Length + " bytes expected, " + actual.Length + " are there, "
                    + at + " are the same");
        }

        internal static T Throws<T>(Action action) where T : Exception
        {
            try
            {
                action();
            }
            catch (T exception)
            {
                return exception;
            }
            throw new Exception("no " + typeof(T).Name);
        }

        internal static async Task<T> ThrowsAsync<T>(Func<Task> action) where T : Exception
        {
            try
            {
                await action();
            }
            catch (T exception)
            {
                return exception;
            }
            throw new Exception("no " + typeof(T).Name);
        }

        internal static SigdeltaException Fails(Status status, Action action)
        {
            var exception = Throws<SigdeltaException>(action);
            Equal(status, exception.Status, "status of '" + exception.Message + "'");
            True(exception.Message.Length > 0, "there is a message");
            return exception;
        }

        internal static async Task<SigdeltaException> FailsAsync(Status status, Func<Task> action)
        {
            var exception = await ThrowsAsync<SigdeltaException>(action);
            Equal(status, exception.Status, "status of '" + exception.Message + "'");
            return exception;
        }
    }
}
