/** {@code caisson.audit.v1} over the trail and the figures. */
@NullMarked
package dev.caisson.auditor.rpc;

import org.jspecify.annotations.NullMarked;
