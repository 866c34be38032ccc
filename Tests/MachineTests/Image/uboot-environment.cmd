# Debian's U-Boot for the emulated board has no environment on disk and no arithmetic. This reads
# and saves one in two copies as a U-Boot with CONFIG_SYS_REDUNDAND_ENVIRONMENT would: 16 KiB each at
# 0x80000 and 0x90000, with a CRC-32, a counter of one byte, and what `env import` reads.
setenv disk virtio 0
virtio dev 0
virtio read 0x2000000 0x400 0x20
virtio read 0x2010000 0x480 0x20
# Without its counter a copy is one of the kind that this U-Boot knows.
cp.b 0x2000000 0x2020000 4
cp.b 0x2000005 0x2020004 0x3ffb
cp.b 0x2010000 0x2030000 4
cp.b 0x2010005 0x2030004 0x3ffb
setenv names slipway_good slipway_try slipway_tries
setenv first no
if env import -c 0x2020000 0x3fff ${names}; then setenv first yes; fi
setenv second no
if env import -c 0x2030000 0x3fff ${names}; then setenv second yes; fi
setenv newer 2000000
if test ${second} = yes; then
  if test ${first} = no; then
    setenv newer 2010000
  elif itest.b *0x2000004 == 0xff && itest.b *0x2010004 == 0; then
    setenv newer 2010000
  elif itest.b *0x2000004 == 0 && itest.b *0x2010004 == 0xff; then
    setenv newer 2000000
  elif itest.b *0x2010004 > *0x2000004; then
    setenv newer 2010000
  fi
fi
setenv counter 2000004
if test ${newer} = 2010000; then setenv counter 2010004; fi
# The import that counts comes last.
if test ${newer} = 2010000; then
  env import -c 0x2030000 0x3fff ${names}
elif test ${first} = yes; then
  env import -c 0x2020000 0x3fff ${names}
fi
echo "environment: first ${first}, second ${second}, newer ${newer}"
# The older copy is written, with the number that follows that of the newer one.
setenv slipway_save 'env export -c -s 0x3fff 0x2040000 ${names} && cp.b 0x2040000 0x2050000 4 && cp.b 0x2040004 0x2050005 0x3ffb && run count && if test ${newer} = 2000000; then virtio write 0x2050000 0x480 0x20; else virtio write 0x2050000 0x400 0x20; fi'
setenv count 'setenv last ff; for n in 0 1 2 3 4 5 6 7 8 9 a b c d e f 10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f 20 21 22 23 24 25 26 27 28 29 2a 2b 2c 2d 2e 2f 30 31 32 33 34 35 36 37 38 39 3a 3b 3c 3d 3e 3f 40 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f 50 51 52 53 54 55 56 57 58 59 5a 5b 5c 5d 5e 5f 60 61 62 63 64 65 66 67 68 69 6a 6b 6c 6d 6e 6f 70 71 72 73 74 75 76 77 78 79 7a 7b 7c 7d 7e 7f 80 81 82 83 84 85 86 87 88 89 8a 8b 8c 8d 8e 8f 90 91 92 93 94 95 96 97 98 99 9a 9b 9c 9d 9e 9f a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 aa ab ac ad ae af b0 b1 b2 b3 b4 b5 b6 b7 b8 b9 ba bb bc bd be bf c0 c1 c2 c3 c4 c5 c6 c7 c8 c9 ca cb cc cd ce cf d0 d1 d2 d3 d4 d5 d6 d7 d8 d9 da db dc dd de df e0 e1 e2 e3 e4 e5 e6 e7 e8 e9 ea eb ec ed ee ef f0 f1 f2 f3 f4 f5 f6 f7 f8 f9 fa fb fc fd fe ff; do if itest.b *0x${counter} == 0x${last}; then mw.b 0x2050004 0x${n}; fi; setenv last ${n}; done'
