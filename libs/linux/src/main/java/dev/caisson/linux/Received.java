package dev.caisson.linux;

import java.util.List;

/**
 * One message, whole.
 *
 * @param bytes how many were put into the buffer; 0 when the other end has closed, {@link
 *     Files#WOULD_BLOCK} when nothing is there yet
 * @param descriptors in the order in which they were sent; the receiver closes them
 */
public record Received(int bytes, List<Fd> descriptors) {
  public Received {
    descriptors = List.copyOf(descriptors);
  }
}
