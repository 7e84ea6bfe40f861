/**
 * The OCI runtime specification's config.json as Caisson's own typed container: everything in it is
 * carried out, refused by name, or reported as ignored. No I/O.
 */
@NullMarked
package dev.caisson.oci;

import org.jspecify.annotations.NullMarked;
