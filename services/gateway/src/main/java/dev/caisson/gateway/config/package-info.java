/** What an operator can set. */
@NullMarked
package dev.caisson.gateway.config;

import org.jspecify.annotations.NullMarked;
