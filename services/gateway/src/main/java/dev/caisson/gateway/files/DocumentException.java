package dev.caisson.gateway.files;

import java.util.List;

/** A file that cannot be used; says everything that must be changed in it. */
public final class DocumentException extends Exception {
  private static final long serialVersionUID = 1L;

  /**
   * Of one file.
   *
   * @param kind as in {@code access file}
   */
  public DocumentException(String kind, String file, List<String> problems) {
    super("The " + kind + " must be changed: " + file + "\n  " + String.join("\n  ", problems));
  }
}
