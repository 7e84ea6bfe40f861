/** What others build upon stays as it is: the public protos, the topics, and the guide to them. */
@NullMarked
package dev.caisson.contract;

import org.jspecify.annotations.NullMarked;
