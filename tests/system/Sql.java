import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;

/**
 * Says statements to a database and prints the first column of what they find. Run from its source,
 * with the auditor's class path. Arguments: a URL of JDBC, the user, the password, the statements.
 */
final class Sql {
  public static void main(String[] args) throws Exception {
    try (Connection connection = DriverManager.getConnection(args[0], args[1], args[2]);
        Statement statement = connection.createStatement()) {
      for (int i = 3; i < args.length; i++) {
        if (statement.execute(args[i])) {
          print(statement.getResultSet());
        }
      }
    }
  }

  private static void print(ResultSet rows) throws Exception {
    while (rows.next()) {
      System.out.println(rows.getString(1));
    }
  }
}
