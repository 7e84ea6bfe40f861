/** The Linux system calls that Caisson makes, and nothing else that is native. */
module dev.caisson.linux {
  requires static org.jspecify;

  exports dev.caisson.linux;
}
