/**
 * What the executor's owner allows, whatever a caller or a gateway says. Pure: the decoded message
 * and the policy of the host become a verdict, and the same message is what is carried out.
 */
@NullMarked
package dev.caisson.executor.guard;

import org.jspecify.annotations.NullMarked;
