@NullMarked
package dev.caisson.oci;

import org.jspecify.annotations.NullMarked;
