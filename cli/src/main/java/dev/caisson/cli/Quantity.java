package dev.caisson.cli;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;

/** Amounts as people write them. */
final class Quantity {
  /** Microseconds: the period in which a CPU quota is counted. */
  static final long CPU_PERIOD = 100_000;

  private static final String NONE = "-1";
  private static final Long NO_LIMIT = -1L;

  private Quantity() {}

  /** `64m`, `1.5G`, `65536`: bytes; the letters are powers of 1,024. `-1`: no limit. */
  static final class Bytes implements ITypeConverter<Long> {
    @Override
    public Long convert(String text) {
      return text.equals(NONE) ? NO_LIMIT : bytes("SIZE", text);
    }
  }

  /** The same, of a log file, which has one. */
  static final class LogBytes implements ITypeConverter<Long> {
    @Override
    public Long convert(String text) {
      return bytes("--log-max-size", text);
    }
  }

  private static final String UNITS = "bkmgt";
  private static final int UNIT_BITS = 10;

  static long bytes(String field, String text) {
    String lower = text.toLowerCase(Locale.ROOT).replaceFirst("(?<=[kmgt])i?b$", "");
    int unit = lower.isEmpty() ? -1 : UNITS.indexOf(lower.charAt(lower.length() - 1));
    String number = unit < 0 ? lower : lower.substring(0, lower.length() - 1);
    BigDecimal scale = new BigDecimal(BigInteger.ONE.shiftLeft(UNIT_BITS * Math.max(unit, 0)));
    return positive(field, "be a size like 64m or 1g", text, number, scale);
  }

  /** `0.5`: CPUs, as microseconds of each {@link #CPU_PERIOD}. `-1`: no limit. */
  static final class Cpus implements ITypeConverter<Long> {
    @Override
    public Long convert(String text) {
      return text.equals(NONE)
          ? NO_LIMIT
          : positive(
              "--cpus", "be a number of CPUs like 0.5", text, text, BigDecimal.valueOf(CPU_PERIOD));
    }
  }

  /** `0.5`: seconds, not negative. */
  static final class Seconds implements ITypeConverter<BigDecimal> {
    @Override
    public BigDecimal convert(String text) {
      if (!text.matches("[0-9]{1,9}(\\.[0-9]{1,9})?")) {
        throw new picocli.CommandLine.TypeConversionException(
            "--interval must be a number of seconds like 0.5: " + text);
      }
      return new BigDecimal(text);
    }
  }

  private static long positive(
      String field, String rule, String text, String number, BigDecimal scale) {
    try {
      long value =
          new BigDecimal(number)
              .multiply(scale)
              .setScale(0, java.math.RoundingMode.HALF_UP)
              .longValueExact();
      if (value > 0) {
        return value;
      }
    } catch (ArithmeticException | NumberFormatException notANumber) {
      throw new picocli.CommandLine.TypeConversionException(field + " must " + rule + ": " + text);
    }
    throw new picocli.CommandLine.TypeConversionException(field + " must be above zero: " + text);
  }
}
