// Brings a file on a sigdelta server up to date without sending all of it.
//
//   Push.exe FILE URL [TOKEN]     URL is the resource, such as http://127.0.0.1:8080/v1/o/backup.tar
//
// docs/protocol.md has the requests: the signature of what the server has, then a PATCH with the delta, which says by
// If-Match against what it was made and by Repr-Digest what must come out.
using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Threading.Tasks;
using Sigdelta;

internal static class Push
{
    private static int Main(string[] args)
    {
        if (args.Length < 2 || args.Length > 3 || !args[1].Contains("/v1/o/"))
        {
            Console.Error.WriteLine("usage: Push.exe FILE http://HOST/v1/o/KEY [TOKEN]");
            return 2;
        }
        try
        {
            return Run(args[0], args[1], args.ElementAtOrDefault(2)).GetAwaiter().GetResult();
        }
        catch (Exception exception) when (exception is IOException // SigdeltaException is one
            || exception is HttpRequestException || exception is UnauthorizedAccessException
            || exception is DllNotFoundException)
        {
            Console.Error.WriteLine(exception.Message);
            return 1;
        }
    }

    private static async Task<int> Run(string file, string url, string token)
    {
        using (var client = new HttpClient())
        {
            if (token != null)
                client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
            string signatureUrl = url.Replace("/v1/o/", "/v1/sig/") + "?format=librsync";
            using (HttpResponseMessage described = await client.GetAsync(signatureUrl))
            {
                if (described.StatusCode == HttpStatusCode.NotFound)
                    return await Create(client, file, url);
                described.EnsureSuccessStatusCode();
                string basis = described.Headers.GetValues("Delta-Base").Single();
                Stream signature = await described.Content.ReadAsStreamAsync();
                return await Update(client, file, url, basis, signature);
            }
        }
    }

    private static async Task<int> Create(HttpClient client, string file, string url)
    {
        using (Stream edited = File.OpenRead(file))
        {
            HttpRequestMessage request = Request("PUT", url, file, edited, "application/octet-stream");
            request.Headers.TryAddWithoutValidation("If-None-Match", "*");
            Console.WriteLine("sending the whole file");
            return await Send(client, request);
        }
    }

    private static async Task<int> Update(HttpClient client, string file, string url, string basis, Stream signature)
    {
        string path = Path.GetTempFileName();
        try
        {
            using (Stream edited = File.OpenRead(file))
            using (Stream delta = File.Create(path))
                Delta.Compute(signature, edited, delta);
            using (Stream delta = File.OpenRead(path))
            {
                HttpRequestMessage request = Request("PATCH", url, file, delta, "application/vnd.librsync.delta");
                request.Headers.TryAddWithoutValidation("If-Match", basis);
                Console.WriteLine("sending a delta of {0} bytes for {1}", delta.Length, new FileInfo(file).Length);
                return await Send(client, request);
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static HttpRequestMessage Request(string method, string url, string file, Stream body, string type)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), url) { Content = new StreamContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        request.Content.Headers.ContentLength = body.Length;
        request.Headers.TryAddWithoutValidation("Repr-Digest", Digest(file));
        return request;
    }

    // RFC 9530.
    private static string Digest(string file)
    {
        using (Stream content = File.OpenRead(file))
        using (SHA256 sha256 = SHA256.Create())
            return "sha-256=:" + Convert.ToBase64String(sha256.ComputeHash(content)) + ":";
    }

    private static async Task<int> Send(HttpClient client, HttpRequestMessage request)
    {
        using (HttpResponseMessage reply = await client.SendAsync(request))
        {
            if (reply.IsSuccessStatusCode)
                return 0;
            Console.Error.WriteLine("{0}: {1}", (int)reply.StatusCode, await reply.Content.ReadAsStringAsync());
            return 1;
        }
    }
}
