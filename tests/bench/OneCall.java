import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URL;

// One HTTP call and out: what a connector costs that starts a Java virtual
// machine for each failure.
final class OneCall {
  public static void main(String[] arguments) throws Exception {
    HttpURLConnection connection =
        (HttpURLConnection) new URL(arguments[0]).openConnection();
    try (InputStream answer = connection.getInputStream()) {
      answer.readAllBytes();
    }
  }
}
