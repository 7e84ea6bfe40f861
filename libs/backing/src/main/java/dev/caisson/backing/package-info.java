/**
 * What the services stand on, for tests: a real Kafka and a real PostgreSQL, in containers where a
 * Docker engine has their images, as processes of this machine where none has. The tests are the
 * same.
 */
@NullMarked
package dev.caisson.backing;

import org.jspecify.annotations.NullMarked;
