/**
 * Whether what a caller may do is also done in the way that the operator wants: policies in CEL on
 * the decoded request, and the decoding, so that what a policy sees is what is carried out.
 */
@NullMarked
package dev.caisson.gateway.admission;

import org.jspecify.annotations.NullMarked;
